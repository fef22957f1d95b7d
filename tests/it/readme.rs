//! Tests of the README and of the topics of `orderferry help`: their commands run, their links and
//! references lead somewhere, and they list every module, outcome, exit code, setting and fault.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Stdio};

use orderferry::model::problem::Code;

use crate::support::{
    process, root,
    workspace::{RunResult, Workspace},
};

/// The settings of the config file.
const CONFIG: &str = "src/cli/config.rs";

/// The limit of the README's length, exclusive: it is a front door, and the topics are the
/// reference.
const MAX_README_LINES: usize = 250;

/// The width of a terminal in which a topic is read.
const MAX_TOPIC_COLUMNS: usize = 100;

/// The README or a topic.
struct Document {
    /// `README.md`, or the name of the topic.
    name: String,
    /// The folder that relative links start from.
    folder: PathBuf,
    text: String,
}

fn readme() -> Document {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    Document { name: "README.md".to_owned(), folder: root(), text }
}

/// The files in `src/cli/help`, by name.
fn topics() -> Vec<Document> {
    let folder = root().join("src/cli/help");
    let mut topics: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name =
                path.file_name().unwrap().to_str().unwrap().strip_suffix(".md").unwrap().to_owned();
            Document { name, folder: folder.clone(), text: fs::read_to_string(&path).unwrap() }
        })
        .collect();
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    topics
}

/// The file of which `orderferry explain` prints a section.
fn explanations() -> Document {
    let folder = root().join("src/model");
    let text = fs::read_to_string(folder.join("explanations.md")).unwrap();
    Document { name: "explanations.md".to_owned(), folder, text }
}

fn topic(name: &str) -> String {
    topics().into_iter().find(|topic| topic.name == name).unwrap().text
}

fn documents() -> Vec<Document> {
    [readme()].into_iter().chain(topics()).collect()
}

fn help(name: &str) -> RunResult {
    Workspace::new().run(format!("help {name}").trim_end())
}

impl Document {
    /// The fenced blocks: the text after the opening fence, and the lines.
    fn blocks(&self) -> Vec<(&str, Vec<&str>)> {
        let mut blocks: Vec<(&str, Vec<&str>)> = Vec::new();
        let mut is_open = false;
        for line in self.text.lines() {
            match line.strip_prefix("```") {
                Some(info) if !is_open => blocks.push((info, Vec::new())),
                None if is_open => blocks.last_mut().unwrap().1.push(line),
                _ => {}
            }
            is_open ^= line.starts_with("```");
        }
        assert!(!is_open, "{}: a block is not closed", self.name);
        blocks
    }

    /// The text outside of the fenced blocks.
    fn prose(&self) -> String {
        self.text.split("```").step_by(2).collect()
    }

    /// The targets of links.
    fn links(&self) -> Vec<String> {
        let prose = self.prose();
        prose.split("](").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned()).collect()
    }
}

/// The names of the fields of a struct, which are the keys of a file.
fn fields_of(file: &str, name: &str) -> BTreeSet<String> {
    let source = fs::read_to_string(root().join(file)).unwrap();
    let (_, fields) = source.split_once(&format!("struct {name} {{\n")).unwrap();
    let (fields, _) = fields.split_once("\n}").unwrap();
    let (mut names, mut renamed) = (BTreeSet::new(), None);
    for line in fields.lines().map(str::trim_start) {
        if let Some((_, name)) = line.split_once("rename = \"") {
            renamed = name.split_once('"').map(|(name, _)| name);
        } else if let Some((name, _)) = line.strip_prefix("pub").and_then(|of| of.split_once(':')) {
            let own = name.rsplit(' ').next().unwrap();
            names.insert(renamed.take().unwrap_or(own).to_owned());
        }
    }
    names
}

#[test]
fn readme_is_short() {
    let n_lines = readme().text.lines().count();
    assert!(n_lines < MAX_README_LINES, "the README has {n_lines} lines");
}

#[test]
fn topics_are_printed_and_listed() {
    let overview = help("");
    assert_eq!((overview.code, overview.err.as_str()), (0, ""));
    let readme = readme();
    for topic in topics() {
        let name = &topic.name;
        let printed = help(name);
        assert_eq!((printed.code, printed.err.as_str()), (0, ""), "{name}");
        assert!(printed.out.ends_with(&topic.text), "help {name} does not print its file");
        let (_, list) = overview.out.split_once("\nTopics").unwrap();
        let summary =
            list.lines().find_map(|line| line.trim_start().strip_prefix(&format!("{name} ")));
        let summary = summary.unwrap_or_else(|| panic!("the overview does not list {name}"));
        let row = format!("| [{name}](src/cli/help/{name}.md) | {} |", summary.trim());
        assert!(readme.text.contains(&row), "the README does not list {row}");
    }
}

#[test]
fn topics_fit_a_terminal() {
    for topic in topics() {
        assert!(
            topic.text.starts_with("# ") && topic.text.ends_with('\n'),
            "{}: no heading",
            topic.name
        );
        for line in topic.text.lines() {
            assert!(line.chars().count() <= MAX_TOPIC_COLUMNS, "{}: too long: {line}", topic.name);
        }
    }
}

#[test]
fn help_of_commands_is_that_of_clap() {
    for command in ["check", "send", "profiles", "ledger list", "help"] {
        let (printed, by_option) =
            (help(command), Workspace::new().run(&format!("{command} --help")));
        assert_eq!((printed.code, printed.out), (0, by_option.out), "{command}");
    }
    // A topic with the name of a command follows the command's help.
    let ledger = Workspace::new().run("ledger --help").out;
    assert_eq!(help("ledger").out, format!("{ledger}\n{}", topic("ledger")));
}

#[test]
fn help_overview_and_unknown_topic() {
    let overview = help("").out;
    assert!(overview.starts_with(&Workspace::new().run("--help").out));
    let unknown = help("setings");
    assert_eq!((unknown.code, unknown.out.as_str()), (2, ""));
    insta::assert_snapshot!(unknown.err, @r#"
    error: no topic or command "setings"
      hint: did you mean "settings"?
      Topics, for `orderferry help TOPIC`:
        inputs     which files are read, and what happens to damaged or changing ones
        canonical  the columns of an export that needs no profile
        init       from an unknown export to its profile; the formats that are built in
        profile    how to describe another export
        tenant     the first run to a real tenant: target, key, point of sale
        mode       one event or several for an order
        rate       pace, retries, and a service that is slow or down
        cron       every night: exit codes, deadlines, signals, resuming, old orders
        outcomes   what becomes of an order, and the exit codes
        report     the files of a run folder
        ledger     what was sent: where it is, and how to settle orders
        privacy    where personal data is stored, and where it is not
        sandbox    the stand-in tenant on this machine
        faults     fault injection in the sandbox
        settings   every setting with its default
        limits     how large an export may be; memory, disk and speed
    "#);
    for name in ["chekc", "check nothing", "--nothing", "-V", "check -- x"] {
        let unknown = help(name);
        assert_eq!((unknown.code, unknown.out.as_str()), (2, ""), "{name}");
    }
    assert!(help("chekc").err.contains("did you mean \"check\"?"));
}

#[test]
fn closed_pipe_is_no_error_of_help() {
    for name in ["settings", "check", "ledger"] {
        let workspace = Workspace::new();
        let mut help = process(&workspace.path("."));
        let mut help = help
            .args(["help", name])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(help.stdout.take());
        let output = help.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()),
            (Some(0), ""),
            "{name}"
        );
    }
}

#[test]
fn links_and_references_lead_somewhere() {
    for document in documents().into_iter().chain([explanations()]) {
        for link in document.links().iter().filter(|link| !link.starts_with("https://")) {
            let path = document.folder.join(link.split('#').next().unwrap());
            assert!(path.exists(), "{} links to {link}, which does not exist", document.name);
        }
        // Commands as in `orderferry help ledger`, in backticks.
        for reference in document.text.split("`orderferry help ").skip(1) {
            let name = reference.split('`').next().unwrap();
            let is_placeholder = name.contains("TOPIC");
            assert!(
                is_placeholder || help(name).code == 0,
                "{} refers to help {name:?}",
                document.name
            );
        }
        // Codes as in `orderferry explain row_unreadable`, in backticks.
        for reference in document.text.split("`orderferry explain ").skip(1) {
            let name = reference.split('`').next().unwrap();
            let is_known = Code::ALL.iter().any(|code| code.as_str() == name);
            assert!(is_known || name.contains("CODE"), "{} explains {name:?}", document.name);
        }
        // Files as in `samples/orders.csv`, in backticks.
        for path in document.prose().split('`').filter(|text| text.starts_with("samples/")) {
            assert!(
                root().join(path).exists(),
                "{} names {path}, which does not exist",
                document.name
            );
        }
    }
}

#[test]
fn readme_map_names_every_module() {
    let readme = readme().text;
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let entry =
            name.strip_suffix(".rs").map_or_else(|| format!("`{name}/`"), |_| format!("`{name}`"));
        let is_pipeline_folder = name == "pipeline";
        assert!(
            is_pipeline_folder || readme.contains(&entry),
            "the README's map does not name {entry}"
        );
    }
}

#[test]
fn outcomes_and_exit_codes_are_listed() {
    let (readme, topic) = (readme().text, topic("outcomes"));
    for outcome in orderferry::model::outcome::Outcome::ALL {
        assert!(readme.contains(&format!("| `{outcome}` |")), "{outcome}");
        assert!(topic.contains(&format!("\n- `{outcome}`: ")), "{outcome}");
    }
    for code in 0..=5 {
        assert!(readme.contains(&format!("| {code} |")), "exit code {code}");
        assert!(topic.contains(&format!("\n- `{code}`: ")), "exit code {code}");
    }
}

#[test]
fn settings_topic_lists_every_setting_with_its_default() {
    let topic = topic("settings");
    let mut settings = fields_of(CONFIG, "ConfigFile");
    settings.extend(fields_of(CONFIG, "TargetSettings"));
    assert!(settings.len() > 30, "{settings:?}");
    let sample = fs::read_to_string(root().join("samples/orderferry.toml")).unwrap();
    for setting in
        settings.iter().filter(|setting| !["target", "targets"].contains(&setting.as_str()))
    {
        let (_, rest) = topic
            .split_once(&format!("`{setting} = "))
            .unwrap_or_else(|| panic!("the topic settings does not list {setting}"));
        let default = format!("{setting} = {}", rest.split('`').next().unwrap());
        let is_in_sample =
            sample.lines().any(|line| line.trim_start_matches("# ").starts_with(&default));
        assert!(is_in_sample, "samples/orderferry.toml has no line {default}");
    }
}

#[test]
fn faults_topic_lists_every_fault() {
    let topic = topic("faults");
    let faults = fields_of("src/sandbox/faults/settings.rs", "FaultSettings");
    assert!(faults.len() > 10, "{faults:?}");
    for fault in faults {
        assert!(
            topic.contains(&format!("`{fault} = ")) || topic.contains(&format!("`{fault}`")),
            "{fault}"
        );
    }
}

/// Runs the commands of all documents in a shell.
#[cfg(unix)]
mod commands {
    use std::{
        path::Path,
        process::{Command, Output},
    };

    use super::{Document, documents};
    use crate::support::{
        PROGRAM, isolate_in, root,
        service::{MockService, Reply},
        skip,
        workspace::{ExportRow, HEADER, Workspace, row},
    };

    /// The info string of blocks whose commands need what a test has not: a real tenant, a second
    /// terminal, a long time.
    const UNTESTED: &str = "sh untested";

    /// The orders whose responses get lost, as in the topic of the ledger.
    const UNKNOWN_ORDERS: [&str; 2] = ["A-1042", "A-1043"];

    /// The order that changes after it was accepted, as in the topic of the ledger.
    const CHANGED_ORDER: &str = "A-2077";

    /// The run that is resumed.
    const RESUMED_RUN: &str = "orderferry-runs/20261122-074522-ec90";

    /// A folder as a user has it: the samples, an export, and targets that are a mock service.
    struct TestDesk {
        workspace: Workspace,
        _service: MockService,
    }

    impl TestDesk {
        fn new() -> Self {
            let service = MockService::start(|request| {
                UNKNOWN_ORDERS.contains(&request.reference()).then_some(Reply::Disconnect)
            });
            let target =
                format!("base_url = '{}'\nclient_key = 'k'\npos = 'shop'\n", service.base_url);
            let settings = "rate = 'unlimited'\nidentity_pause = '0s'\ntries = 2\nbackfill_after = '365000d'\n";
            let workspace = Workspace::new();
            workspace.file(
                "orderferry.toml",
                format!("{settings}[target]\n{target}[targets.staging]\n{target}"),
            );
            let orders: String = ('1'..='9').map(|number| row(&format!("B-{number}"))).collect();
            workspace.file("orders.csv", format!("{HEADER}{orders}"));
            let copied = Command::new("cp")
                .arg("-r")
                .arg(root().join("samples"))
                .arg(workspace.path("."))
                .status();
            assert!(copied.unwrap().success());
            Self { workspace, _service: service }
        }

        /// Leaves what a document starts from: a ledger with unknown and changed orders, a run to
        /// resume.
        fn prepare(&self, document: &Document) {
            let orders: String = UNKNOWN_ORDERS.iter().map(|reference| row(reference)).collect();
            let changing = ExportRow { reference: CHANGED_ORDER, ..ExportRow::default() };
            let sent = |price| format!("{HEADER}{orders}{}", ExportRow { price, ..changing }.csv());
            match document.name.as_str() {
                "ledger" => {
                    for price in ["30.60", "30.50"] {
                        self.workspace.file("sent.csv", sent(price));
                        assert_eq!(self.workspace.run("send sent.csv").code, 3);
                    }
                }
                "cron" => {
                    let ran = self
                        .workspace
                        .run(&format!("send orders.csv --limit 1 --out {RESUMED_RUN}"));
                    assert_eq!(ran.code, 4, "{}", ran.err);
                }
                // The README sends for the first time.
                _ => {}
            }
        }

        /// Runs a line as a user types it, and compares the exit code with the one in its comment.
        fn run(&self, document: &Document, line: &str) {
            let expected =
                line.split_once("exit code ").map_or(0, |(_, code)| code[..1].parse().unwrap());
            let mut typed = line.replace("cargo run --release -- ", "orderferry ");
            assert!(
                typed.starts_with("orderferry "),
                "{}: not a command of orderferry: {line}",
                document.name
            );
            if line.contains("--sandbox") && line.contains("--fault") {
                // Without the waiting times of the faults.
                let waits = "--timeout 1s --fault latency=0s --fault retry_after=0s --fault outage.lasts=0s";
                typed = typed.replace(
                    "--sandbox",
                    &format!("--sandbox {waits} --set down_after=1000 --set tries=5"),
                );
            }
            let output = self.shell(&typed);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(expected), "{}: {line}: {errors}", document.name);
        }

        fn shell(&self, typed: &str) -> Output {
            let mut shell = Command::new("sh");
            isolate_in(self.workspace.path(".").as_path(), &mut shell);
            let programs = Path::new(PROGRAM).parent().unwrap().display();
            shell.env("PATH", format!("{programs}:{}", std::env::var("PATH").unwrap_or_default()));
            shell.args(["-c", typed]).output().unwrap()
        }

        /// Runs the commands of a transcript, and returns it with what they print now.
        // As a new user has it, without settings.
        fn transcript(&self, lines: &[&str]) -> String {
            self.workspace.file("empty.toml", "");
            let commands = lines.iter().filter_map(|line| line.strip_prefix("$ "));
            let printed = commands.map(|command| {
                let output =
                    self.shell(&format!("export ORDERFERRY_CONFIG=empty.toml; {command} 2>&1"));
                let printed = String::from_utf8(output.stdout).unwrap();
                format!("$ {command}\n{}", printed.trim_end())
            });
            printed.collect::<Vec<_>>().join("\n").trim_end().to_owned()
        }
    }

    #[test]
    fn documented_commands_work() {
        let (mut n_run, mut untested) = (0, Vec::new());
        for document in documents() {
            let desk = TestDesk::new();
            desk.prepare(&document);
            for (info, lines) in document.blocks() {
                match info {
                    "sh" => lines.iter().for_each(|line| desk.run(&document, line)),
                    UNTESTED => untested
                        .extend(lines.iter().map(|line| format!("{}: {line}", document.name))),
                    "console" => {
                        assert_eq!(desk.transcript(&lines), lines.join("\n"), "{}", document.name);
                    }
                    "toml" | "text" => {}
                    _ => panic!("{}: unknown kind of block {info:?}", document.name),
                }
                n_run += if info == "sh" { lines.len() } else { 0 };
            }
        }
        assert!(n_run > 30, "{n_run} commands");
        skip(
            "documented_commands_work",
            &format!("marked as untested:\n  {}", untested.join("\n  ")),
        );
    }

    #[test]
    fn documented_settings_are_valid() {
        // A block of settings of the topic `tenant`, and the profile of the topic `profile`.
        for (name, file, command) in [
            ("tenant", "t.toml", "check samples/orders.csv --config t.toml --client-key k"),
            ("profile", "p.toml", "check samples/orders.csv --pos x --profile p.toml"),
        ] {
            let document = documents().into_iter().find(|document| document.name == name).unwrap();
            let block = document
                .blocks()
                .into_iter()
                .find(|(info, _)| *info == "toml")
                .unwrap()
                .1
                .join("\n");
            let desk = TestDesk::new();
            desk.workspace.file(file, block);
            let ran = desk.workspace.run(command);
            // The sample does not have the profile's columns.
            let is_valid =
                ran.code == 0 || (name == "profile" && ran.err.contains("no column \"Name\""));
            assert!(is_valid, "{name}: {}", ran.err);
        }
    }
}
