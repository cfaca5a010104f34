//! What is being done, on standard error: the tables go to standard output.

pub fn say(what: &str) {
    eprintln!("... {what}");
}
