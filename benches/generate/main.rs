//! A seeded generator of large exports: `cargo bench --bench generate -- --rows 5000000 --out orders.csv`.
//!
//! The same seed gives the same bytes. Without `--out`, as where all benches are run, it only says how it is used.

#![expect(clippy::print_stderr, reason = "a bench talks")]

mod form;
mod orders;
mod shuffle;

use std::{
    env,
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::{CommandFactory, Parser};

use form::ExportFormat;
use orders::{Fraction, OrderGenerator};
use shuffle::Shuffle;

/// Somewhat more than a row of CSV has.
const BYTES_OF_A_ROW: u64 = 220;

/// Invents an export of the canonical profile, the same on every machine.
#[derive(Parser)]
#[command(name = "cargo bench --bench generate --")]
struct Arguments {
    /// Where to write it
    #[arg(long)]
    out: PathBuf,
    /// Items of all orders, each of which is a row of CSV; two and a half make an order
    #[arg(long, default_value_t = 5_000_000)]
    rows: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// In random order: the rows of CSV, the orders of JSON
    #[arg(long)]
    shuffled: bool,
    #[arg(long, value_enum, default_value = "csv")]
    form: ExportFormat,
    /// The share of products whose names hold a comma or quotation marks
    #[arg(long, default_value = "0.1", value_parser = share)]
    quoted: Fraction,
    /// The share of orders in a currency that there is not
    #[arg(long, default_value = "0", value_parser = share)]
    invalid: Fraction,
    /// Cargo says so
    #[arg(long, hide = true)]
    bench: bool,
}

fn share(text: &str) -> Result<Fraction, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.map(Fraction).ok_or_else(|| "a share is a number from 0 to 1".to_owned())
}

fn main() -> io::Result<()> {
    // What other benches understand comes here too where all are run.
    if !env::args().any(|argument| argument == "--out" || argument.starts_with("--out=")) {
        eprintln!("{}", Arguments::command().render_help());
        return Ok(());
    }
    let arguments = Arguments::parse();
    let mut export = Export::create(&arguments.out, arguments.form)?;
    let n_orders =
        if arguments.shuffled { shuffled(&arguments, &mut export) } else { in_order(&arguments, &mut export) }?;
    let n_bytes = export.finish()?;
    let rows = arguments.rows;
    eprintln!("{}: {rows} rows, {n_orders} orders, {n_bytes} bytes", arguments.out.display());
    Ok(())
}

fn in_order(arguments: &Arguments, export: &mut Export) -> io::Result<u64> {
    each_record(arguments, |record| export.add(record))
}

fn shuffled(arguments: &Arguments, export: &mut Export) -> io::Result<u64> {
    let folder = arguments.out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut shuffle = Shuffle::new(folder, arguments.rows * BYTES_OF_A_ROW, arguments.seed)?;
    let n_orders = each_record(arguments, |record| shuffle.add(record))?;
    shuffle.finish(|record| export.add(record))?;
    Ok(n_orders)
}

/// How many orders the records come from.
fn each_record(arguments: &Arguments, mut emit: impl FnMut(&str) -> io::Result<()>) -> io::Result<u64> {
    let &Arguments { rows: n_rows, seed, quoted, invalid, form, .. } = arguments;
    let mut orders = OrderGenerator { n_rows, seed, quoted, invalid }.orders();
    let (mut n_orders, mut text) = (0, String::new());
    while let Some(order) = orders.next() {
        form.records(&order, &orders, &mut text, &mut emit)?;
        n_orders += 1;
    }
    Ok(n_orders)
}

/// The file, record by record.
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

    /// How many bytes were written.
    fn finish(mut self) -> io::Result<u64> {
        if self.is_begun {
            self.file.write_all(self.form.end().as_bytes())?;
        }
        Ok(self.file.into_inner().map_err(io::IntoInnerError::into_error)?.metadata()?.len())
    }
}
