/* Makes the k-th write below a path fail, for a program that is started with this library in LD_PRELOAD.
 *
 * A write is whatever changes files or folders or makes a change durable: write and its kin, fsync, ftruncate, rename, unlink,
 * mkdir, and open where it may make a file. Each is counted, and named in a log elsewhere.
 *
 *   FAILING_PATHS   what the absolute paths of these files begin with
 *   FAILING_LOG     a line for each write: its number, what became of it (done, failed, half), what it was, its file
 *   FAILING_WRITE   k, from 1; 0 for none
 *   FAILING_ERROR   the errno
 *   FAILING_HOW     once: only the k-th; on: all from the k-th on; half: half of the k-th is written, all later ones fail
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum fate { DONE, FAILED, HALF };

static const char *paths;
static long k;
static int error;
static int is_half, goes_on;
static int log_file = -1;
static atomic_long n_writes;

#define REAL(name, ...) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

static const char *setting(const char *name) {
    const char *text = getenv(name);
    return text ? text : "";
}

__attribute__((constructor)) static void start(void) {
    const char *how = setting("FAILING_HOW");
    k = atol(setting("FAILING_WRITE"));
    error = atoi(setting("FAILING_ERROR"));
    is_half = !strcmp(how, "half");
    goes_on = is_half || !strcmp(how, "on");
    log_file = REAL(open, setting("FAILING_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    paths = setting("FAILING_PATHS");
}

static int is_meant(const char *path) { return paths && *paths && !strncmp(path, paths, strlen(paths)); }

/* Counts a write and says what becomes of it. `can_be_half`: it has bytes of which some may be written. */
static enum fate fate(const char *what, const char *path, int can_be_half) {
    static const char *names[] = {"done", "failed", "half"};
    char line[PATH_MAX + 64];
    if (!is_meant(path)) return DONE;
    long n = atomic_fetch_add(&n_writes, 1) + 1;
    int is_hit = k && (n == k || (n > k && goes_on));
    enum fate fate = !is_hit ? DONE : n == k && is_half && can_be_half ? HALF : FAILED;
    int length = snprintf(line, sizeof line, "%ld %s %s %s\n", n, names[fate], what, path);
    REAL(write, log_file, line, length);
    if (fate == FAILED) errno = error;
    return fate;
}

static enum fate fate_of_file(const char *what, int file, int can_be_half) {
    char link[64], path[PATH_MAX];
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length < 0) return DONE;
    path[length] = 0;
    return fate(what, path, can_be_half);
}

static enum fate fate_of_path(const char *what, const char *path) {
    char whole[2 * PATH_MAX];
    if (*path == '/') return fate(what, path, 0);
    if (!getcwd(whole, PATH_MAX)) return DONE;
    strcat(strcat(whole, "/"), path);
    return fate(what, whole, 0);
}

#define UNLESS_IT_FAILS(fate, done) ((fate) == FAILED ? -1 : (done))

ssize_t write(int file, const void *bytes, size_t n) {
    enum fate fate = fate_of_file("write", file, n > 1);
    return UNLESS_IT_FAILS(fate, REAL(write, file, bytes, fate == HALF ? n / 2 : n));
}

ssize_t writev(int file, const struct iovec *parts, int n) {
    enum fate fate = fate_of_file("writev", file, n > 1);
    return UNLESS_IT_FAILS(fate, REAL(writev, file, parts, fate == HALF ? n / 2 : n));
}

ssize_t pwrite(int file, const void *bytes, size_t n, off_t at) {
    enum fate fate = fate_of_file("pwrite", file, n > 1);
    return UNLESS_IT_FAILS(fate, REAL(pwrite, file, bytes, fate == HALF ? n / 2 : n, at));
}

ssize_t pwrite64(int file, const void *bytes, size_t n, off64_t at) {
    enum fate fate = fate_of_file("pwrite", file, n > 1);
    return UNLESS_IT_FAILS(fate, REAL(pwrite64, file, bytes, fate == HALF ? n / 2 : n, at));
}

ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *to_at, size_t n, unsigned flags) {
    enum fate fate = fate_of_file("copy_file_range", to, n > 1);
    return UNLESS_IT_FAILS(fate, REAL(copy_file_range, from, at, to, to_at, fate == HALF ? n / 2 : n, flags));
}

int fsync(int file) { return UNLESS_IT_FAILS(fate_of_file("fsync", file, 0), REAL(fsync, file)); }

int fdatasync(int file) { return UNLESS_IT_FAILS(fate_of_file("fdatasync", file, 0), REAL(fdatasync, file)); }

int ftruncate(int file, off_t length) {
    return UNLESS_IT_FAILS(fate_of_file("ftruncate", file, 0), REAL(ftruncate, file, length));
}

int ftruncate64(int file, off64_t length) {
    return UNLESS_IT_FAILS(fate_of_file("ftruncate", file, 0), REAL(ftruncate64, file, length));
}

int rename(const char *from, const char *to) {
    return UNLESS_IT_FAILS(fate_of_path("rename", to), REAL(rename, from, to));
}

int unlink(const char *path) { return UNLESS_IT_FAILS(fate_of_path("unlink", path), REAL(unlink, path)); }

int mkdir(const char *path, mode_t mode) { return UNLESS_IT_FAILS(fate_of_path("mkdir", path), REAL(mkdir, path, mode)); }

/* The rights stand behind the flags only where a file may be made. */
#define OPEN(name, folder_of_path, path, flags, ...)                                                                    \
    mode_t mode = 0;                                                                                                    \
    if (flags & O_CREAT) {                                                                                              \
        va_list more;                                                                                                   \
        va_start(more, flags);                                                                                          \
        mode = va_arg(more, mode_t);                                                                                    \
        va_end(more);                                                                                                   \
        if (folder_of_path == AT_FDCWD && fate_of_path("open", path) == FAILED) return -1;                              \
    }                                                                                                                   \
    return REAL(name, __VA_ARGS__, mode)

int open(const char *path, int flags, ...) { OPEN(open, AT_FDCWD, path, flags, path, flags); }

int open64(const char *path, int flags, ...) { OPEN(open64, AT_FDCWD, path, flags, path, flags); }

int openat(int in, const char *path, int flags, ...) { OPEN(openat, in, path, flags, in, path, flags); }

int openat64(int in, const char *path, int flags, ...) { OPEN(openat64, in, path, flags, in, path, flags); }
