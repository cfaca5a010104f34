//! Directories and files of the examples `census`, `pipeline`, `actors`, `systems` and
//! `distributed`. All functions here block, and know nothing of the pool.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Languages by the extensions of their files.
const LANGUAGES: &[(&str, &[&str])] = &[
    ("Assembly", &["s", "S", "asm"]),
    ("C", &["c", "h"]),
    ("C++", &["cc", "cpp", "cxx", "hh", "hpp", "hxx"]),
    ("Go", &["go"]),
    ("HTML", &["htm", "html"]),
    ("Java", &["java"]),
    ("JavaScript", &["js", "mjs", "ts", "tsx"]),
    ("JSON", &["json"]),
    ("Markdown", &["md"]),
    ("Perl", &["pl", "pm"]),
    ("Python", &["py"]),
    ("Rust", &["rs"]),
    ("Shell", &["bash", "sh"]),
    ("Text", &["txt"]),
    ("TOML", &["toml"]),
    ("YAML", &["yaml", "yml"]),
];

/// The reason why something is not counted.
pub(crate) type Skip = &'static str;

pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    /// The size at the time of the walk, for planning only.
    pub(crate) size: u64,
    pub(crate) language: &'static str,
}

impl SourceFile {
    pub(crate) fn new(path: PathBuf, size: u64) -> Self {
        let extension = path.extension().and_then(OsStr::to_str);
        let mut languages = LANGUAGES.iter();
        let language = extension.and_then(|e| languages.find(|(_, known)| known.contains(&e)));
        let language = language.map_or("other", |(name, _)| name);
        Self {
            path,
            size,
            language,
        }
    }

    /// Opens the file. Fails if it looks binary: if there is a NUL in its first kilobytes.
    pub(crate) fn open(&self) -> Result<BufReader<File>, Skip> {
        let mut reader = BufReader::new(File::open(&self.path).map_err(reason)?);
        let is_binary = reader.fill_buf().map_err(reason)?.contains(&0);
        if is_binary { Err("binary") } else { Ok(reader) }
    }

    fn read(&self) -> Result<String, Skip> {
        io::read_to_string(self.open()?).map_err(reason)
    }

    /// Reads the text to count, or says why there is none.
    pub(crate) fn fetch(&self) -> (&'static str, Result<String, Skip>) {
        (self.language, self.read())
    }
}

/// Reads whole lines from a large file: about `size` bytes, nothing at the end of the file.
pub(crate) fn next_piece(reader: &mut BufReader<File>, size: u64) -> Result<String, Skip> {
    let mut piece = Vec::new();
    reader.take(size).read_to_end(&mut piece).map_err(reason)?;
    reader.read_until(b'\n', &mut piece).map_err(reason)?;
    String::from_utf8(piece).map_err(|_| "not UTF-8")
}

fn reason(error: io::Error) -> Skip {
    match error.kind() {
        ErrorKind::NotFound => "vanished",
        ErrorKind::InvalidData => "not UTF-8",
        _ => "unreadable",
    }
}

/// The findings of a walk.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) skipped: HashMap<Skip, u64>,
}

impl Found {
    /// Notes the files among `paths`, and returns the directories.
    pub(crate) fn sort_out(&mut self, paths: &[PathBuf]) -> Vec<PathBuf> {
        let look = |path: &PathBuf| self.note(path.clone(), path.symlink_metadata());
        paths.iter().filter_map(look).collect()
    }

    /// Notes the files in a directory, and returns the directories in it.
    pub(crate) fn list(&mut self, dir: &Path) -> Vec<PathBuf> {
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) => {
                self.skip(reason(error), 1);
                return Vec::new();
            }
        };
        let mut dirs = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => dirs.extend(self.note(entry.path(), entry.metadata())),
                Err(error) => self.skip(reason(error), 1),
            }
        }
        dirs.retain(|dir| {
            let is_cache = is_cache(dir);
            if is_cache {
                self.skip("cache directory", 1);
            }
            !is_cache
        });
        dirs
    }

    /// Notes a file, or why something is none. A directory is handed back.
    fn note(&mut self, path: PathBuf, metadata: io::Result<fs::Metadata>) -> Option<PathBuf> {
        match metadata {
            Ok(metadata) if metadata.is_dir() => return Some(path),
            Ok(metadata) if metadata.is_file() => {
                self.files.push(SourceFile::new(path, metadata.len()));
            }
            Ok(metadata) if metadata.is_symlink() => self.skip(inspect_link(&path), 1),
            // Opening a FIFO would wait for its other end.
            Ok(_) => self.skip("not a regular file", 1),
            Err(error) => self.skip(reason(error), 1),
        }
        None
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.files.extend(other.files);
        for (reason, count) in other.skipped {
            self.skip(reason, count);
        }
    }

    fn skip(&mut self, reason: Skip, count: u64) {
        *self.skipped.entry(reason).or_default() += count;
    }

    /// The files by path, each once: arguments may overlap.
    pub(crate) fn take_files(&mut self) -> Vec<SourceFile> {
        let mut files = std::mem::take(&mut self.files);
        files.sort_unstable_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
        files.dedup_by(|a, b| a.path == b.path);
        files
    }
}

/// The reason to skip a link. Links are not followed: their targets are counted where they are. But
/// a broken link is reported.
fn inspect_link(link: &Path) -> Skip {
    match link.canonicalize() {
        Ok(target) if link.starts_with(&target) => "symlink loop",
        Ok(_) => "symlink",
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => "dangling symlink",
            ErrorKind::PermissionDenied => "unreadable",
            // The kind for links in a circle, `FilesystemLoop`, is not stable yet.
            _ => "symlink loop",
        },
    }
}

/// Git's objects, and directories that declare themselves reproducible
/// (https://bford.info/cachedir) as cargo's `target` does.
fn is_cache(dir: &Path) -> bool {
    dir.ends_with(".git") || dir.join("CACHEDIR.TAG").exists()
}
