/* Fault injection for writes: a library for LD_PRELOAD that makes the k-th write to matching paths fail.
 *
 * A write is a call that changes files or folders or makes a change durable: write and its variants, fsync, ftruncate,
 * rename, unlink, mkdir, and open with O_CREAT. Each is counted and logged.
 *
 *   FAILING_PATHS   prefix of the absolute paths that are counted
 *   FAILING_LOG     log file, one line per write: number, result (done, failed, half), call, path
 *   FAILING_WRITE   k, from 1; 0 for none
 *   FAILING_ERROR   the errno of a failed write
 *   FAILING_HOW     once: only the k-th fails; on: all from the k-th on fail; half: half of the k-th is written, all
 *                   later ones fail
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

enum write_result { DONE, FAILED, HALF };

static const char *paths;
static long k;
static int error;
static int is_half, is_persistent;
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
    is_persistent = is_half || !strcmp(how, "on");
    log_file = REAL(open, setting("FAILING_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    paths = setting("FAILING_PATHS");
}

static int is_counted(const char *path) { return paths && *paths && !strncmp(path, paths, strlen(paths)); }

/* Counts a write and returns its result. `can_be_half`: a part of its bytes may be written. */
static enum write_result next_result(const char *call, const char *path, int can_be_half) {
    static const char *names[] = {"done", "failed", "half"};
    char line[PATH_MAX + 64];
    if (!is_counted(path)) return DONE;
    long n = atomic_fetch_add(&n_writes, 1) + 1;
    int is_hit = k && (n == k || (n > k && is_persistent));
    enum write_result result = !is_hit ? DONE : n == k && is_half && can_be_half ? HALF : FAILED;
    int length = snprintf(line, sizeof line, "%ld %s %s %s\n", n, names[result], call, path);
    REAL(write, log_file, line, length);
    if (result == FAILED) errno = error;
    return result;
}

static enum write_result result_of_fd(const char *call, int file, int can_be_half) {
    char link[64], path[PATH_MAX];
    int saved_errno = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved_errno;
    if (length < 0) return DONE;
    path[length] = 0;
    return next_result(call, path, can_be_half);
}

static enum write_result result_of_path(const char *call, const char *path) {
    char absolute[2 * PATH_MAX];
    if (*path == '/') return next_result(call, path, 0);
    if (!getcwd(absolute, PATH_MAX)) return DONE;
    strcat(strcat(absolute, "/"), path);
    return next_result(call, absolute, 0);
}

#define UNLESS_FAILED(result, done) ((result) == FAILED ? -1 : (done))

ssize_t write(int file, const void *bytes, size_t n) {
    enum write_result result = result_of_fd("write", file, n > 1);
    return UNLESS_FAILED(result, REAL(write, file, bytes, result == HALF ? n / 2 : n));
}

ssize_t writev(int file, const struct iovec *parts, int n) {
    enum write_result result = result_of_fd("writev", file, n > 1);
    return UNLESS_FAILED(result, REAL(writev, file, parts, result == HALF ? n / 2 : n));
}

ssize_t pwrite(int file, const void *bytes, size_t n, off_t at) {
    enum write_result result = result_of_fd("pwrite", file, n > 1);
    return UNLESS_FAILED(result, REAL(pwrite, file, bytes, result == HALF ? n / 2 : n, at));
}

ssize_t pwrite64(int file, const void *bytes, size_t n, off64_t at) {
    enum write_result result = result_of_fd("pwrite", file, n > 1);
    return UNLESS_FAILED(result, REAL(pwrite64, file, bytes, result == HALF ? n / 2 : n, at));
}

ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *to_at, size_t n, unsigned flags) {
    enum write_result result = result_of_fd("copy_file_range", to, n > 1);
    return UNLESS_FAILED(result, REAL(copy_file_range, from, at, to, to_at, result == HALF ? n / 2 : n, flags));
}

int fsync(int file) { return UNLESS_FAILED(result_of_fd("fsync", file, 0), REAL(fsync, file)); }

int fdatasync(int file) { return UNLESS_FAILED(result_of_fd("fdatasync", file, 0), REAL(fdatasync, file)); }

int ftruncate(int file, off_t length) {
    return UNLESS_FAILED(result_of_fd("ftruncate", file, 0), REAL(ftruncate, file, length));
}

int ftruncate64(int file, off64_t length) {
    return UNLESS_FAILED(result_of_fd("ftruncate", file, 0), REAL(ftruncate64, file, length));
}

int rename(const char *from, const char *to) {
    return UNLESS_FAILED(result_of_path("rename", to), REAL(rename, from, to));
}

int unlink(const char *path) { return UNLESS_FAILED(result_of_path("unlink", path), REAL(unlink, path)); }

int mkdir(const char *path, mode_t mode) { return UNLESS_FAILED(result_of_path("mkdir", path), REAL(mkdir, path, mode)); }

/* The mode argument is present only with O_CREAT. */
#define OPEN(name, folder_of_path, path, flags, ...)                                                                    \
    mode_t mode = 0;                                                                                                    \
    if (flags & O_CREAT) {                                                                                              \
        va_list more;                                                                                                   \
        va_start(more, flags);                                                                                          \
        mode = va_arg(more, mode_t);                                                                                    \
        va_end(more);                                                                                                   \
        if (folder_of_path == AT_FDCWD && result_of_path("open", path) == FAILED) return -1;                              \
    }                                                                                                                   \
    return REAL(name, __VA_ARGS__, mode)

int open(const char *path, int flags, ...) { OPEN(open, AT_FDCWD, path, flags, path, flags); }

int open64(const char *path, int flags, ...) { OPEN(open64, AT_FDCWD, path, flags, path, flags); }

int openat(int in, const char *path, int flags, ...) { OPEN(openat, in, path, flags, in, path, flags); }

int openat64(int in, const char *path, int flags, ...) { OPEN(openat64, in, path, flags, in, path, flags); }
