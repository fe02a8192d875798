//! The table of figures.

use std::time::Duration;

/// One figure.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) figure: &'static str,
    pub(super) target: &'static str,
    pub(super) measured: String,
    pub(super) floor: String,
    /// Measured divided by floor, where there is one.
    pub(super) ratio: Option<f64>,
    pub(super) verdict: Verdict,
}

/// Whether the target is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Met,
    Missed,
    NoTarget,
}

impl Verdict {
    pub(super) fn of(met: bool) -> Self {
        if met { Self::Met } else { Self::Missed }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<String>,
}

impl Table {
    pub(super) fn extend(&mut self, rows: Vec<Row>) {
        for row in rows {
            let ratio = row.ratio.map_or("–".to_owned(), |ratio| match ratio {
                ratio if ratio < 1.0 => format!("{ratio:.3}"),
                ratio => format!("{ratio:.1}"),
            });
            let verdict = match row.verdict {
                Verdict::Met => "yes",
                Verdict::Missed => "**no**",
                Verdict::NoTarget => "–",
            };
            self.rows.push(format!(
                "| {} | {} | {} | {} | {ratio} | {verdict} |",
                row.figure, row.target, row.measured, row.floor
            ));
        }
    }

    /// A figure that could not be measured.
    pub(super) fn failed(&mut self, name: &str, error: &anyhow::Error) {
        let reason: String =
            format!("{error:#}").chars().map(|c| if c == '\n' || c == '|' { ' ' } else { c }).collect();
        self.rows.push(format!("| {name} | | not measured: {reason} | | | **no** |"));
    }

    pub(super) fn markdown(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown");
        let mut lines = vec![
            format!("{cores} cores, load at the end {load}, {}", std::env::consts::OS),
            String::new(),
            "| figure | target | measured | floor process | ratio | met |".to_owned(),
            "|---|---|---|---|---|---|".to_owned(),
        ];
        if cfg!(debug_assertions) {
            lines.insert(0, "**A debug build: these figures mean nothing.**".to_owned());
        }
        lines.extend(self.rows.iter().cloned());
        lines.join("\n")
    }
}

/// A duration with three significant digits.
pub(super) fn shown(length: Duration) -> String {
    let micros = length.as_secs_f64() * 1e6;
    match micros {
        micros if micros < 10.0 => format!("{micros:.2} µs"),
        micros if micros < 100.0 => format!("{micros:.1} µs"),
        micros if micros < 1000.0 => format!("{micros:.0} µs"),
        micros if micros < 10_000.0 => format!("{:.2} ms", micros / 1e3),
        micros if micros < 100_000.0 => format!("{:.1} ms", micros / 1e3),
        micros => format!("{:.0} ms", micros / 1e3),
    }
}

/// Two durations, as in "p50 / p99".
pub(super) fn pair(one: Duration, two: Duration) -> String {
    format!("{} / {}", shown(one), shown(two))
}

/// How many times `floor` is in `measured`.
pub(super) fn ratio(measured: Duration, floor: Duration) -> Option<f64> {
    (!floor.is_zero()).then(|| measured.as_secs_f64() / floor.as_secs_f64())
}
