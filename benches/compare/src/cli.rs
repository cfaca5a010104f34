//! The command line.

use crate::tables;
use std::path::PathBuf;

/// What to measure, and how often.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// Names of tables; none means all.
    pub tables: Vec<String>,
    pub rounds: usize,
    pub threads: Vec<usize>,
    pub json: Option<PathBuf>,
}

impl Options {
    pub fn wants(&self, table: &str) -> bool {
        self.tables.is_empty() || self.tables.iter().any(|name| name == table)
    }
}

pub fn usage() -> String {
    let names: Vec<_> = tables::ALL.iter().map(|table| table.name).collect();
    format!(
        "usage: manyhands-compare [TABLE...] [--rounds N] [--threads 1,2] [--json FILE]\ntables: {}",
        names.join(", ")
    )
}

pub fn parse(args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        tables: Vec::new(),
        rounds: 7,
        threads: vec![1, 2],
        json: None,
    };
    let mut args = args;
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--rounds" => options.rounds = positive(&value()?)?,
            "--threads" => {
                options.threads = value()?
                    .split(',')
                    .map(positive)
                    .collect::<Result<_, _>>()?;
            }
            "--json" => options.json = Some(value()?.into()),
            name if tables::ALL.iter().any(|table| table.name == name) => options.tables.push(arg),
            _ => return Err(format!("unknown argument: {arg}")),
        }
    }
    Ok(options)
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("not a positive number: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn args(line: &str) -> impl Iterator<Item = String> {
        line.split_whitespace().map(String::from)
    }

    #[test]
    fn options_are_read() {
        let options = parse(args("join --rounds 3 --threads 1,4 --json out.json")).unwrap();
        assert_eq!(options.tables, ["join"]);
        assert_eq!((options.rounds, &options.threads[..]), (3, &[1, 4][..]));
        assert_eq!(options.json.unwrap().to_str(), Some("out.json"));
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "nonsense",
            "--rounds",
            "--rounds 0",
            "--threads 1,x",
            "--json",
        ] {
            assert!(parse(args(line)).is_err(), "{line}");
        }
    }
}
