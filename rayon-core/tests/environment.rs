//! The variables that say how many threads a pool has: each case in a process of its own.

use std::process::Command;

/// Not a test by itself: prints how many threads the default pool has.
#[test]
fn child() {
    if std::env::var_os("RAYON_CORE_TEST_CHILD").is_some() {
        println!("<{}>", rayon_core::current_num_threads());
    }
}

fn threads(variables: &[(&str, &str)]) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child", "--nocapture"]);
    for variable in [
        "RAYON_NUM_THREADS",
        "RAYON_RS_NUM_CPUS",
        "MANYHANDS_NUM_THREADS",
    ] {
        child.env_remove(variable);
    }
    let variables = variables.iter().copied();
    child.env("RAYON_CORE_TEST_CHILD", "").envs(variables);
    let output = child.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let number = text.split_once('<').unwrap().1.split_once('>').unwrap().0;
    number.parse().unwrap()
}

#[test]
fn the_first_that_is_set_counts() {
    let (new, old, own) = (
        "RAYON_NUM_THREADS",
        "RAYON_RS_NUM_CPUS",
        "MANYHANDS_NUM_THREADS",
    );
    assert_eq!(threads(&[(new, "3")]), 3);
    assert_eq!(threads(&[(old, "4")]), 4);
    assert_eq!(threads(&[(own, "5")]), 5);
    assert_eq!(threads(&[(new, "3"), (old, "4"), (own, "5")]), 3);
    assert_eq!(threads(&[(old, "4"), (own, "5")]), 4);
    // 0 stands for the default, and what is no number for nothing.
    assert_eq!(threads(&[(new, "0"), (old, "4"), (own, "5")]), 5);
    assert_eq!(threads(&[(new, "many"), (old, "4")]), 4);
    assert_eq!(threads(&[(new, ""), (old, "-1"), (own, "5")]), 5);
    assert_eq!(threads(&[(new, "100000")]), rayon_core::max_num_threads());
}

#[test]
fn without_any_it_is_one_for_each_core() {
    assert_eq!(threads(&[]), threads(&[("RAYON_NUM_THREADS", "0")]));
    assert!(threads(&[]) >= 1);
}
