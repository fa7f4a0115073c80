//! What may be said of JSON that cannot be read.

use serde_json::error::Category;

/// What is wrong, and where. The parser's own words quote what it found, and logs must not.
#[must_use]
pub fn fault(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        Category::Io => "it cannot be read",
        Category::Syntax => "it is no JSON",
        Category::Data => "it has another form",
        Category::Eof => "it ends early",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_quote_nothing() {
        for (json, told) in [
            (r#""secret""#, "it has another form (line 1, column 8)"),
            ("secret", "it is no JSON (line 1, column 1)"),
            ("", "it ends early (line 1, column 0)"),
        ] {
            let error = serde_json::from_str::<u8>(json).expect_err("no number");
            assert_eq!(fault(&error), told);
        }
    }
}
