//! What the kernel has counted for this process.

use std::time::Duration;

/// CPU time and context switches of all threads so far, also of those that have ended.
#[derive(Clone, Copy)]
pub struct Usage {
    /// In user code and in the kernel.
    pub cpu: Duration,
    /// A thread slept.
    pub voluntary: u64,
    /// A thread was put aside for another.
    pub involuntary: u64,
}

impl Usage {
    pub fn now() -> Self {
        // SAFETY: an `rusage` is plain numbers, so zeroes are a valid one.
        let mut raw: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: the pointer is that of a live `rusage`, which the call fills.
        let failed = unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut raw) };
        assert_eq!(failed, 0, "getrusage: {}", std::io::Error::last_os_error());
        let time = |value: libc::timeval| {
            Duration::from_secs(value.tv_sec.unsigned_abs())
                + Duration::from_micros(value.tv_usec.unsigned_abs())
        };
        Self {
            cpu: time(raw.ru_utime) + time(raw.ru_stime),
            voluntary: raw.ru_nvcsw.unsigned_abs(),
            involuntary: raw.ru_nivcsw.unsigned_abs(),
        }
    }

    /// What has been used since then.
    pub fn since(self, before: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            voluntary: self.voluntary - before.voluntary,
            involuntary: self.involuntary - before.involuntary,
        }
    }

    pub fn switches(self) -> u64 {
        self.voluntary + self.involuntary
    }
}

/// A size in `/proc/self/status`, in bytes: `VmRSS`, or `VmHWM`, its highest value so far.
pub fn memory(field: &str) -> Option<u64> {
    Some(status(field)? * 1024)
}

/// Threads of this process.
pub fn threads() -> Option<usize> {
    Some(status("Threads:")? as usize)
}

fn status(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_cpu_time_and_sleep_switches() {
        let before = Usage::now();
        let start = std::time::Instant::now();
        while start.elapsed() < Duration::from_millis(20) {
            std::hint::black_box(0);
        }
        std::thread::sleep(Duration::from_millis(1));
        let used = Usage::now().since(before);
        assert!(used.cpu > Duration::ZERO);
        assert!(used.switches() > 0);
    }

    #[test]
    fn memory_is_found() {
        assert!(memory("VmHWM") >= memory("VmRSS"));
        assert!(memory("VmRSS") > Some(100_000));
        assert_eq!(memory("VmNonsense"), None);
        assert!(threads() >= Some(1));
    }
}
