//! The command line.

use crate::tables;
use std::path::PathBuf;
use std::time::Duration;

/// What to measure, how often, and where to put it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Names of tables; none means all.
    pub tables: Vec<String>,
    pub rounds: usize,
    /// None: what suits the table.
    pub threads: Option<Vec<usize>>,
    /// How long each process of the tables `rest`, `mixed` and `world` is watched. None: what suits them.
    pub seconds: Option<Duration>,
    /// The tables `suite` and `neutral` with small programs.
    pub quick: bool,
    /// Groups of the tables `mixed`, `world` and `neutral`, programs of `suite`; none means all.
    pub only: Vec<String>,
    pub json: Option<PathBuf>,
    pub markdown: Option<PathBuf>,
    /// A folder.
    pub plots: Option<PathBuf>,
    /// Saved figures that are shown once more; nothing is measured.
    pub from: Vec<PathBuf>,
}

impl Options {
    pub fn wants(&self, table: &str) -> bool {
        self.tables.is_empty() || self.tables.iter().any(|name| name == table)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tables: Vec::new(),
            rounds: 11,
            threads: None,
            seconds: None,
            quick: false,
            only: Vec::new(),
            json: None,
            markdown: None,
            plots: None,
            from: Vec::new(),
        }
    }
}

pub fn usage() -> String {
    let names: Vec<_> = tables::ALL.iter().map(|table| table.name).collect();
    format!(
        "usage: manyhands-compare [TABLE...] [--rounds N] [--threads 1,2] [--seconds N] [--only M1,M2]\n\
         \x20                        [--quick] [--json FILE] [--markdown FILE] [--plots FOLDER]\n\
         \x20                        [--from FILE,...]\n\
         tables: {}\n\
         --threads  for all tables; each has numbers of its own otherwise\n\
         --seconds  how long each process of the tables rest, mixed and world is watched\n\
         --only     groups of the tables mixed, world and neutral, programs of the table suite\n\
         --quick    the tables suite and neutral with small programs\n\
         --from     shows what --json has saved, and measures nothing",
        names.join(", ")
    )
}

pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--rounds" => options.rounds = positive(&value()?)?,
            "--threads" => {
                let numbers: Result<_, _> = value()?.split(',').map(positive).collect();
                options.threads = Some(numbers?);
            }
            "--seconds" => options.seconds = Some(seconds(&value()?)?),
            "--quick" => options.quick = true,
            "--only" => options.only = value()?.split(',').map(String::from).collect(),
            "--json" => options.json = Some(value()?.into()),
            "--markdown" => options.markdown = Some(value()?.into()),
            "--plots" => options.plots = Some(value()?.into()),
            "--from" => options.from = value()?.split(',').map(PathBuf::from).collect(),
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

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|&seconds: &f64| seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or(format!("not a positive number: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Options, String> {
        parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn nothing_means_everything() {
        let options = parse_line("").unwrap();
        assert_eq!(options, Options::default());
        assert!(tables::ALL.iter().all(|table| options.wants(table.name)));
    }

    #[test]
    fn options_are_read() {
        let line = "join --rounds 3 --threads 1,4 --json out.json --seconds 0.5 \
                    --markdown out.md --plots plots --from in.json,more.json --only M1,M2 --quick";
        let options = parse_line(line).unwrap();
        assert!(options.wants("join") && !options.wants("tasks"));
        let expected = Options {
            tables: vec!["join".into()],
            rounds: 3,
            threads: Some(vec![1, 4]),
            seconds: Some(Duration::from_millis(500)),
            quick: true,
            only: vec!["M1".into(), "M2".into()],
            json: Some("out.json".into()),
            markdown: Some("out.md".into()),
            plots: Some("plots".into()),
            from: vec!["in.json".into(), "more.json".into()],
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "nonsense",
            "--rounds",
            "--rounds 0",
            "--threads 1,x",
            "--seconds -1",
            "--json",
        ] {
            assert!(parse_line(line).is_err(), "{line}");
        }
    }
}
