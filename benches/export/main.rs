//! Seeded generator of large exports, the baselines that read one, and a ledger that holds one:
//! `cargo bench --bench export -- generate --rows 5000000 --out orders.csv`, and
//! `cargo bench --bench export -- walk orders.csv`. `benches/compare.sh` calls it.
//!
//! The same seed generates the same bytes. Without a command, as when all benches are run, it only
//! prints its usage.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its results")]

mod accepted;
mod form;
mod orders;
mod shuffle;
mod walk_csv;
mod walk_ndjson;

use std::{
    env,
    error::Error,
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::{Args, CommandFactory, Parser, Subcommand};

use form::ExportFormat;
use orders::{Fraction, OrderGenerator, ProductNames};
use shuffle::Shuffle;
use walk_csv::Walker;

/// Slightly more than the average length of a CSV row.
const BYTES_OF_A_ROW: u64 = 220;

/// Large exports to measure with
#[derive(Parser)]
#[command(name = "cargo bench --bench export --")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Passed by `cargo bench`
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Generate a synthetic export of the canonical profile, the same on every machine
    Generate(Generate),
    /// Read all records of a CSV file, and print how long it took
    Walk {
        file: PathBuf,
        /// Read with this crate
        #[arg(long, value_enum, default_value = "csv")]
        reader: Walker,
    },
    /// Deserialize all lines of an NDJSON file with `serde_json` into a typed struct that borrows
    /// from the line, and print how long it took
    WalkNdjson { file: PathBuf },
    /// Record all orders of a plan as accepted in its ledger, without sending anything
    Accept {
        /// Run folder with the plan
        plan: PathBuf,
        /// Ledger of that run
        #[arg(long)]
        ledger: PathBuf,
        /// Base URL of that run
        #[arg(long)]
        base_url: String,
        /// Client key of that run
        #[arg(long)]
        client_key: String,
    },
}

#[derive(Args)]
struct Generate {
    /// Write the export to this file
    #[arg(long)]
    out: PathBuf,
    /// Generate this many items over all orders, one CSV row each; an order has 2.5 on average
    #[arg(long, default_value_t = 5_000_000)]
    rows: u64,
    /// Seed of the random generator
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write in random order: the rows of CSV, so that those of an order are spread over the whole
    /// file, or the orders of JSON
    #[arg(long, visible_alias = "spread")]
    shuffled: bool,
    /// Write in this format
    #[arg(long, value_enum, default_value = "csv")]
    form: ExportFormat,
    /// Share of products (0 to 1) whose names contain a comma or quotation marks
    #[arg(long, default_value = "0.1", value_parser = share)]
    quoted: Fraction,
    /// Name products as shops write them: a fifth such as `Case "slim"`, another fifth with a
    /// comma, all with umlauts
    #[arg(long, conflicts_with = "quoted")]
    quotes: bool,
    /// Share of orders (0 to 1) in a currency that does not exist
    #[arg(long, default_value = "0", value_parser = share)]
    invalid: Fraction,
}

fn share(text: &str) -> Result<Fraction, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.map(Fraction).ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

type BoxedError = Box<dyn Error>;

fn main() -> Result<(), BoxedError> {
    // When all benches are run, the arguments of the others are passed here too, so clap must not
    // refuse them.
    let is_command = |argument: String| Command::has_subcommand(&argument);
    if !env::args().any(is_command) {
        eprintln!("{}", Arguments::command().render_help());
        return Ok(());
    }
    match Arguments::parse().command {
        Command::Generate(arguments) => Ok(generate(&arguments)?),
        Command::Walk { file, reader } => walk_csv::walk(&file, reader),
        Command::WalkNdjson { file } => Ok(walk_ndjson::walk(&file)?),
        Command::Accept { plan, ledger, base_url, client_key } => {
            accepted::accept(&plan, ledger, &base_url, &client_key)
        }
    }
}

fn generate(arguments: &Generate) -> io::Result<()> {
    let mut export = Export::create(&arguments.out, arguments.form)?;
    let n_orders = if arguments.shuffled {
        shuffled(arguments, &mut export)
    } else {
        in_order(arguments, &mut export)
    }?;
    let n_bytes = export.finish()?;
    let rows = arguments.rows;
    eprintln!("{}: {rows} rows, {n_orders} orders, {n_bytes} bytes", arguments.out.display());
    Ok(())
}

fn in_order(arguments: &Generate, export: &mut Export) -> io::Result<u64> {
    each_record(arguments, |record| export.add(record))
}

fn shuffled(arguments: &Generate, export: &mut Export) -> io::Result<u64> {
    let folder = arguments
        .out
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut shuffle = Shuffle::new(folder, arguments.rows * BYTES_OF_A_ROW, arguments.seed)?;
    let n_orders = each_record(arguments, |record| shuffle.add(record))?;
    shuffle.finish(|record| export.add(record))?;
    Ok(n_orders)
}

/// Passes each record to `emit`. Returns the number of orders.
fn each_record(
    arguments: &Generate,
    mut emit: impl FnMut(&str) -> io::Result<()>,
) -> io::Result<u64> {
    let &Generate { rows: n_rows, seed, quoted, quotes, invalid, form, .. } = arguments;
    let names = if quotes { ProductNames::QuotesAndUmlauts } else { ProductNames::Quoted(quoted) };
    let mut orders = OrderGenerator { n_rows, seed, names, invalid }.orders();
    let (mut n_orders, mut text) = (0, String::new());
    while let Some(order) = orders.next() {
        form.records(&order, &orders, &mut text, &mut emit)?;
        n_orders += 1;
    }
    Ok(n_orders)
}

/// The export file, written record by record.
struct Export {
    file: BufWriter<File>,
    form: ExportFormat,
    is_begun: bool,
}

impl Export {
    fn create(path: &Path, form: ExportFormat) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        file.write_all(form.begin().as_bytes())?;
        Ok(Self { file, form, is_begun: false })
    }

    fn add(&mut self, record: &str) -> io::Result<()> {
        if self.is_begun {
            self.file.write_all(self.form.between().as_bytes())?;
        }
        self.is_begun = true;
        self.file.write_all(record.as_bytes())
    }

    /// Finishes the file. Returns the number of bytes written.
    fn finish(mut self) -> io::Result<u64> {
        if self.is_begun {
            self.file.write_all(self.form.end().as_bytes())?;
        }
        Ok(self.file.into_inner().map_err(io::IntoInnerError::into_error)?.metadata()?.len())
    }
}
