//! manyhands beside its published peers.
//!
//! ```text
//! cargo run --release -- [TABLE...] [--rounds N] [--threads 1,2] [--json FILE]
//! ```
//!
//! Every row of every table runs all subjects in one process, in interleaved rounds: noise that
//! comes and goes hits all of them. `README.md` tells how to read the figures and where to add a
//! row.

mod cli;
mod fork_join;
mod machine;
mod measure;
mod peers;
mod report;
mod tables;
mod tasks;

use std::process::ExitCode;

fn main() -> ExitCode {
    let options = match cli::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n\n{}", cli::usage());
            return ExitCode::from(2);
        }
    };
    let machine = machine::Machine::here();
    print!("{}", report::preamble(&machine));
    let mut results = Vec::new();
    for table in tables::ALL {
        if !options.wants(table.name) {
            continue;
        }
        for &threads in &options.threads {
            let rows = (table.rows)(threads);
            println!(
                "\n## {}, {threads} thread{}\n\n{}\n",
                table.name,
                if threads == 1 { "" } else { "s" },
                table.about
            );
            print!("{}", report::HEADER);
            for row in rows {
                let result = measure::run(row, table.name, threads, options.rounds);
                print!("{}", report::lines(&result));
                results.push(result);
            }
        }
    }
    if let Some(path) = &options.json {
        let json = report::json(&machine, options.rounds, &results);
        if let Err(error) = std::fs::write(path, json) {
            eprintln!("{}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
