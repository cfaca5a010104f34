//! The same programs in C++ (the folder `cpp`), with libraries that a distribution has: compiled by
//! a script when the table begins, skipped where that fails.

use super::{Row, Size};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A library of C++.
#[derive(Clone, Copy)]
pub struct Foreign {
    pub name: &'static str,
    /// What the script calls it.
    key: &'static str,
}

pub const ALL: [Foreign; 2] = [
    Foreign {
        name: "TBB",
        key: "tbb",
    },
    Foreign {
        name: "OpenMP",
        key: "openmp",
    },
];

impl Foreign {
    /// Its place in [`ALL`].
    pub fn place(&self) -> usize {
        let place = ALL.iter().position(|other| other.key == self.key);
        place.expect("it is one of them")
    }

    /// Compiles its programs, unless that is done; otherwise says why it cannot.
    pub fn build(&self) -> Result<PathBuf, String> {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("cpp");
        let here = std::env::current_exe().map_err(|error| error.to_string())?;
        let program = here.with_file_name(format!("suite-{}", self.key));
        let output = Command::new("sh")
            .arg(sources.join("build.sh"))
            .arg(self.key)
            .arg(&program)
            .output()
            .map_err(|error| format!("sh: {error}"))?;
        if output.status.success() {
            Ok(program)
        } else {
            let why = String::from_utf8_lossy(&output.stdout);
            Err(why.trim().to_owned())
        }
    }

    /// A sample. The program prints figures as our own children do.
    pub(super) fn command(&self, program: &Path, row: &Row, size: Size, threads: usize) -> Command {
        let mut command = Command::new(program);
        command.args([row.program, size.name(), &threads.to_string()]);
        if let Some(bytes) = row.stack {
            // In KiB. For its workers; the program sees to the others.
            command.env("OMP_STACKSIZE", (bytes / 1024).to_string());
        }
        command
    }
}
