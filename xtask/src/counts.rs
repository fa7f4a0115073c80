//! Reading how many tests ran from what the test runners print.

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Passed.
    pub(crate) passed: u64,
    /// Failed, in whatever way.
    pub(crate) failed: u64,
}

impl Counts {
    /// One check.
    pub(crate) fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed) }
    }

    /// Adds others.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Adds up the summaries of nextest, libtest, Vitest and Playwright in a text.
    pub(crate) fn read(output: &str) -> Self {
        let mut counts = Self::default();
        for line in output.lines().map(without_colours).filter(|line| is_summary(line)) {
            counts.passed += number_before(&line, "passed");
            counts.failed += number_before(&line, "failed") + number_before(&line, "timed out");
        }
        counts
    }
}

/// `Summary […] 3 tests run: 2 passed, 1 failed` (nextest), `test result: ok. 1 passed; 0 failed`
/// (libtest), `Tests  1 failed | 5 passed (6)` (Vitest), `  2 passed (3.1s)` (Playwright).
fn is_summary(line: &str) -> bool {
    // Further in, it is what one failed test has printed.
    let is_libtest = line.starts_with("test result:");
    let line = line.trim();
    let mut words = line.split_whitespace();
    let playwright = words.next().is_some_and(|word| word.parse::<u64>().is_ok())
        && words.next().is_some_and(|word| matches!(word, "passed" | "failed"))
        && words.next().is_none_or(|word| word.starts_with('('));
    playwright || line.starts_with("Summary [") || is_libtest || line.starts_with("Tests  ")
}

fn number_before(line: &str, what: &str) -> u64 {
    let digits = |text: &str| {
        let start = text.trim_end().rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
        text.trim_end()[start..].parse().ok()
    };
    line.split_once(what).and_then(|(before, _)| digits(before)).unwrap_or_default()
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn counted(output: &str, passed: u64, failed: u64) {
        assert_eq!(Counts::read(output), Counts { passed, failed });
    }

    #[test]
    fn the_summaries_of_every_runner_are_read() {
        counted("     Summary [   4.1s] 12 tests run: 12 passed (1 slow), 3 skipped", 12, 0);
        counted("     Summary [   4.1s] 9/12 tests run: 6 passed, 2 failed, 1 timed out", 6, 3);
        counted("test result: FAILED. 3 passed; 2 failed; 0 ignored; finished in 0.1s", 3, 2);
        counted(
            "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[31m1 failed\u{1b}[39m\u{1b}[22m\u{1b}[2m | \u{1b}[22m\u{1b}[32m5 passed\u{1b}[39m (6)",
            5,
            1,
        );
        counted("  1 failed\n    [chromium] › chat.spec.ts\n  14 passed (31.4s)", 14, 1);
        counted(" Test Files  3 passed (3)\n      Tests  34 passed (34)\n", 34, 0);
    }

    #[test]
    fn other_lines_are_not_counted() {
        counted("    test result: FAILED. 0 passed; 1 failed; finished in 31.22s", 0, 0);
        counted("test a::b ... ok\n7 passed the bridge\nrunning 3 tests\n", 0, 0);
    }
}
