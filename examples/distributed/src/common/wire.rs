//! Numbers, texts, files and tallies as bytes.

use super::files::SourceFile;
use super::tally::{Counts, Tally};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Mutex;

/// Says that bytes from another rank make no sense. The ranks run different programs, perhaps.
pub(crate) const MALFORMED: &str = "a message from another rank makes no sense";

/// Appends a number: seven bits a byte, the lowest first; all bytes but the last have the high bit.
pub(crate) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends bytes, after their length.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what the functions above have written.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn number(&mut self) -> Result<u64, String> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(MALFORMED)?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(MALFORMED.into())
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], String> {
        let length = usize::try_from(self.number()?).map_err(|_| MALFORMED)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, String> {
        std::str::from_utf8(self.bytes()?).map_err(|_| MALFORMED.into())
    }
}

/// Appends a path and a size. (The language is that of the path.)
pub(crate) fn put_file(out: &mut Vec<u8>, file: &SourceFile) {
    put_bytes(out, file.path.as_os_str().as_bytes());
    put(out, file.size);
}

pub(crate) fn files(bytes: &[u8]) -> Result<Vec<SourceFile>, String> {
    let mut reader = Reader(bytes);
    let mut files = Vec::new();
    while !reader.is_empty() {
        let path = OsStr::from_bytes(reader.bytes()?);
        files.push(SourceFile::new(path.into(), reader.number()?));
    }
    Ok(files)
}

pub(crate) fn put_tally(out: &mut Vec<u8>, tally: &Tally<String>) {
    put(out, tally.languages.len() as u64);
    for (language, counts) in &tally.languages {
        put_bytes(out, language.as_bytes());
        counts.iter().for_each(|count| put(out, *count));
    }
    put(out, tally.skipped.len() as u64);
    for (reason, count) in &tally.skipped {
        put_bytes(out, reason.as_bytes());
        put(out, *count);
    }
    put(out, tally.identifiers.len() as u64);
    for (name, count) in &tally.identifiers {
        put_bytes(out, name.as_bytes());
        put(out, *count);
    }
}

pub(crate) fn tally(reader: &mut Reader<'_>) -> Result<Tally<String>, String> {
    let mut tally = Tally::default();
    for _ in 0..reader.number()? {
        let language = permanent(reader.text()?);
        let mut counts = Counts::default();
        for count in &mut counts {
            *count = reader.number()?;
        }
        tally.languages.insert(language, counts);
    }
    for _ in 0..reader.number()? {
        let reason = permanent(reader.text()?);
        tally.skipped.insert(reason, reader.number()?);
    }
    for _ in 0..reader.number()? {
        let name = reader.text()?.to_owned();
        tally.identifiers.insert(name, reader.number()?);
    }
    Ok(tally)
}

/// A text that stays for good, once for all its equals: of languages and of reasons there are few.
fn permanent(text: &str) -> &'static str {
    static ALL: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut all = ALL.lock().unwrap();
    if let Some(known) = all.get(text) {
        return known;
    }
    let new: &'static str = Box::leak(text.into());
    all.insert(new);
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u64::MAX - 1, u64::MAX];
        let mut bytes = Vec::new();
        numbers.iter().for_each(|number| put(&mut bytes, *number));
        let mut reader = Reader(&bytes);
        for number in numbers {
            assert_eq!(reader.number(), Ok(number));
        }
        assert!(reader.is_empty());
        assert!(reader.number().is_err());
        assert!(Reader(&[0xff; 12]).number().is_err());
    }

    #[test]
    fn files_come_back() {
        let odd = OsStr::from_bytes(b"/tmp/\xff/a.rs");
        let given = [(odd, 7), (OsStr::new("b"), 0)];
        let mut bytes = Vec::new();
        for (path, size) in given {
            put_file(&mut bytes, &SourceFile::new(path.into(), size));
        }
        let found = files(&bytes).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].path.as_os_str(), found[0].size), given[0]);
        assert_eq!((found[0].language, found[1].language), ("Rust", "other"));
        // Cut anywhere but between two files, it is an error.
        let first = bytes.len() - 3;
        for length in 1..bytes.len() {
            assert_eq!(files(&bytes[..length]).is_ok(), length == first);
        }
    }

    #[test]
    fn tallies_come_back() {
        let given = Tally {
            languages: [("Rust", [1, 2, 3, 4, 5]), ("other", [0; 5])].into(),
            skipped: [("binary", 300)].into(),
            identifiers: [("naïve".to_owned(), 1), (String::new(), u64::MAX)].into(),
        };
        let mut bytes = Vec::new();
        put_tally(&mut bytes, &given);
        let mut reader = Reader(&bytes);
        let found = tally(&mut reader).unwrap();
        assert!(reader.is_empty());
        assert_eq!(found.compare(&given), Ok(()));
        for length in 0..bytes.len() {
            assert!(tally(&mut Reader(&bytes[..length])).is_err());
        }
    }
}
