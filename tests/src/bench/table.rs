//! What was measured, as one table.

use std::{fmt, time::Duration};

/// A row of it.
#[derive(Debug)]
struct Row {
    what: String,
    result: String,
    target: String,
    verdict: &'static str,
    details: String,
}

/// All results.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

/// What a number should be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    AtMost(f64),
    AtLeast(f64),
    /// It is told for comparison.
    None,
}

impl Table {
    /// Adds a row; `shown` is the number with its unit.
    pub(super) fn row(
        &mut self,
        what: &str,
        number: f64,
        shown: String,
        target: Target,
        details: String,
    ) {
        let (target, verdict) = match target {
            Target::AtMost(most) => (format!("≤ {most}"), number <= most),
            Target::AtLeast(least) => (format!("≥ {least}"), number >= least),
            Target::None => (String::new(), true),
        };
        let verdict = match (target.is_empty(), verdict) {
            (true, _) => "",
            (_, true) => "PASS",
            (_, false) => "MISS",
        };
        println!("    {what}: {shown} {verdict} ({details})");
        self.rows.push(Row { what: what.to_owned(), result: shown, target, verdict, details });
    }

    /// Adds how many times longer one took than the other.
    pub(super) fn ratio(&mut self, what: &str, ours: &Samples, plain: &Samples, target: Target) {
        let ratio = ours.median().as_secs_f64() / plain.median().as_secs_f64();
        let details = format!("{ours} bridge, {plain} homeserver alone, n = {}", ours.len());
        self.row(what, ratio, format!("{ratio:.2} ×"), target, details);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = Row {
            what: "what".to_owned(),
            result: "result".to_owned(),
            target: "target".to_owned(),
            verdict: "",
            details: "medians, for information".to_owned(),
        };
        let rows = || std::iter::once(&head).chain(&self.rows);
        let width = |cell: fn(&Row) -> &str| {
            rows().map(|row| cell(row).chars().count()).max().unwrap_or_default()
        };
        let (what, result) = (width(|row| &row.what), width(|row| &row.result));
        let target = width(|row| &row.target);
        for row in rows() {
            writeln!(
                f,
                "{:<what$}  {:>result$}  {:>target$}  {:<4}  {}",
                row.what, row.result, row.target, row.verdict, row.details
            )?;
        }
        Ok(())
    }
}

/// How long the same thing took, again and again.
#[derive(Debug, Default)]
pub(super) struct Samples(Vec<Duration>);

impl Samples {
    pub(super) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn quantile(&self, part: usize, of: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() * part / of).copied().unwrap_or_default()
    }

    /// The middle one.
    pub(super) fn median(&self) -> Duration {
        self.quantile(1, 2)
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} ms", self.median().as_secs_f64() * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_the_target_is_met() {
        let samples =
            |all: &[u64]| Samples(all.iter().copied().map(Duration::from_millis).collect());
        let mut table = Table::default();
        table.ratio("a", &samples(&[30, 10, 20]), &samples(&[10]), Target::AtMost(1.3));
        table.row("b", 2500.0, "2500 /s".to_owned(), Target::AtLeast(2000.0), String::new());
        table.row("c", 1.0, "1 KiB".to_owned(), Target::None, String::new());
        let verdicts: Vec<_> = table.rows.iter().map(|row| row.verdict).collect();
        assert_eq!(verdicts, ["MISS", "PASS", ""]);
        assert_eq!(table.rows[0].result, "2.00 ×");
    }
}
