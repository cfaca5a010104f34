//! The echo example as a process.

#[path = "examples/program.rs"]
mod program;

use program::program;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};

fn echo(args: &[&str]) -> Output {
    Command::new(program("echo")).args(args).output().unwrap()
}

#[test]
fn every_message_comes_back() {
    for (connections, messages, size, threads) in [
        (1, 100, 1, 1),
        (50, 20, 64, 2),
        (3, 5, 300_000, 2),
        (200, 2, 10, 1),
    ] {
        let args = [
            ("--connections", connections),
            ("--messages", messages),
            ("--size", size),
            ("--threads", threads),
        ];
        let args: Vec<_> = args
            .iter()
            .flat_map(|(name, value)| [(*name).to_owned(), value.to_string()])
            .collect();
        let output = echo(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(output.status.success(), "{output:?}");
        let report = String::from_utf8(output.stdout).unwrap();
        let count = format!("\n{} messages of {size} bytes in ", connections * messages);
        assert!(report.contains(&count), "{report}");
        assert!(report.contains("p99.9 "), "{report}");
    }
}

#[test]
fn it_serves_others() {
    let mut child = Command::new(program("echo"))
        .args(["--serve", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on ").unwrap();
    // Some that vanish, with and without a word.
    for _ in 0..10 {
        drop(TcpStream::connect(address).unwrap());
        TcpStream::connect(address)
            .unwrap()
            .write_all(b"a")
            .unwrap();
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"any bytes \0\xff").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    assert_eq!(back, b"any bytes \0\xff");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_cannot_be_done_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = echo(&["--serve", &address]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(&address), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");

    for args in [
        &["--bogus"][..],
        &["--connections"],
        &["--connections", "0"],
        &["--messages", "many"],
        &["--serve", "nowhere"],
    ] {
        let output = echo(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("usage: echo"), "{error}");
    }
}

/// A shell gives the process few open files.
#[cfg(unix)]
#[test]
fn too_few_open_files_are_told_beforehand() {
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 200; exec \"$0\" --connections 1000"])
        .arg(program("echo"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("`ulimit -n 2100`"), "{error}");
}
