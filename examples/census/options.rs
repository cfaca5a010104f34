//! The command line of the examples `census`, `pipeline`, `actors`, `systems` and `distributed`.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process;

/// The name of the example.
pub(crate) const NAME: &str = env!("CARGO_CRATE_NAME");

const USAGE: &str = "\
[PATH...] [--threads N] [--top K] [--verify]
  PATH         files and directories (default: the cargo registry's sources and this repository)
  --threads N  compute with N threads (default: one per core)
  --top K      print the K most frequent identifiers (default: 10)
  --verify     count again sequentially and compare; exit code 1 if anything differs";

pub(crate) struct Options {
    /// The paths, in canonical form, and so without symbolic links.
    pub(crate) paths: Vec<PathBuf>,
    /// The number of threads; 0 for the default.
    pub(crate) threads: usize,
    pub(crate) top: usize,
    pub(crate) verify: bool,
}

impl Options {
    /// Reads the command line. Ends the process if it asks for help (exit code 0), or makes no
    /// sense (2).
    #[allow(
        dead_code,
        reason = "an example with options of its own calls the next one"
    )]
    pub(crate) fn from_args() -> Self {
        Self::from(env::args_os().skip(1), "")
    }

    /// Reads the command line of an example that has taken its own options out.
    pub(crate) fn from(args: impl Iterator<Item = OsString>, more_usage: &str) -> Self {
        Self::read(args, more_usage).unwrap_or_else(|error| fail(&error))
    }

    /// As [`from`](Self::from), but leaves it to the caller what an error means.
    pub(crate) fn read(
        args: impl Iterator<Item = OsString>,
        more_usage: &str,
    ) -> Result<Self, String> {
        let options = Self::parse(args, more_usage)
            .map_err(|error| format!("{error}\nusage: {NAME} {USAGE}{more_usage}"))?;
        let paths = options.paths.iter().map(|path| {
            let real = path.canonicalize();
            real.map_err(|error| format!("{}: {error}", path.display()))
        });
        Ok(Self {
            paths: paths.collect::<Result<_, _>>()?,
            ..options
        })
    }

    fn parse(mut args: impl Iterator<Item = OsString>, more_usage: &str) -> Result<Self, String> {
        let mut options = Self {
            paths: Vec::new(),
            threads: 0,
            top: 10,
            verify: false,
        };
        while let Some(arg) = args.next() {
            match arg.to_str() {
                Some("-h" | "--help") => {
                    println!("usage: {NAME} {USAGE}{more_usage}");
                    process::exit(0);
                }
                Some("--verify") => options.verify = true,
                Some(name @ "--threads") => options.threads = number(name, args.next())?,
                Some(name @ "--top") => options.top = number(name, args.next())?,
                Some("--") => options.paths.extend(args.by_ref().map(PathBuf::from)),
                Some(name) if name.starts_with('-') => {
                    return Err(format!("unknown option {name}"));
                }
                _ => options.paths.push(arg.into()),
            }
        }
        if options.paths.is_empty() {
            options.paths = default_paths();
        }
        Ok(options)
    }
}

pub(crate) fn number(option: &str, value: Option<OsString>) -> Result<usize, String> {
    value
        .and_then(|value| value.to_str()?.parse().ok())
        .ok_or_else(|| format!("{option} needs a number"))
}

/// The sources that cargo has unpacked, if there are any, and this repository.
fn default_paths() -> Vec<PathBuf> {
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let registry = cargo_home.map(|home| home.join("registry/src"));
    // `cargo run` tells where the repository is.
    let repository = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), PathBuf::from);
    let registry = registry.filter(|registry| Path::is_dir(registry));
    registry.into_iter().chain([repository]).collect()
}

/// Ends the process with one line and exit code 2.
pub(crate) fn fail(message: &str) -> ! {
    eprintln!("{NAME}: {message}");
    process::exit(2);
}
