//! What the kernel says of a process.
//!
//! Source: <https://man7.org/linux/man-pages/man5/proc.5.html>

use std::time::Duration;

/// A process, by its id.
#[derive(Clone, Copy)]
pub struct Process(pub u32);

impl Process {
    /// Resident memory in MiB, now.
    pub fn resident(self) -> f64 {
        self.status("VmRSS:") / 1024.0
    }

    /// The most resident memory there was, in MiB.
    pub fn peak(self) -> f64 {
        self.status("VmHWM:") / 1024.0
    }

    /// File handles that are open.
    pub fn handles(self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.0))
            .unwrap()
            .count()
    }

    /// How often any of its threads was put to sleep of its own will: a wake-up each.
    pub fn sleeps(self) -> u64 {
        self.threads("status")
            .iter()
            .filter_map(|status| field(status, "voluntary_ctxt_switches:"))
            .sum::<f64>() as u64
    }

    /// The time that its present threads spent on a processor. Exact, where the clock ticks of
    /// `/proc/PID/stat` are not.
    pub fn processor_time(self) -> Duration {
        let nanoseconds = self
            .threads("schedstat")
            .iter()
            .filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok())
            .sum();
        Duration::from_nanos(nanoseconds)
    }

    fn threads(self, file: &str) -> Vec<String> {
        std::fs::read_dir(format!("/proc/{}/task", self.0))
            .unwrap()
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join(file)).ok())
            .collect()
    }

    fn status(self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        field(&status, name).unwrap()
    }
}

fn field(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
