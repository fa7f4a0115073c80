//! Answers that fit an event, however large the contact centre is.

use crate::reply::Reply;

/// How many rows are shown at most.
const ROWS: usize = 100;
/// How long an answer may be, both forms together, in bytes of JSON: an event has 64 KiB
/// (client-server API, "Size limits"), of which some go for the rest of it, and one day for
/// encryption.
const BYTES: usize = 40 * 1024;
/// How much of a name or a text a cell shows, in characters.
const CELL: usize = 40;

/// An answer about as many rows as fit; `build` is told how many are left out.
pub(super) fn fitting<T>(rows: &[T], build: impl Fn(&[T], usize) -> Reply) -> Reply {
    let mut shown = rows.len().min(ROWS);
    loop {
        let reply = build(&rows[..shown], rows.len() - shown);
        if shown == 0 || size(&reply.text) + size(&reply.html) <= BYTES {
            return reply;
        }
        shown = shown * 3 / 4;
    }
}

/// How long a text is in JSON. Control characters are not in an answer, but for line ends.
fn size(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n')).count()
}

/// Says how many rows are left out.
pub(super) fn noting_more(reply: Reply, more: usize) -> Reply {
    match more {
        0 => reply,
        more => reply.paragraph(format!("… and {more} more.")),
    }
}

/// The beginning of a text that somebody else wrote.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_fit_whatever_is_in_them() {
        for (count, cell, least) in
            [(0, "", 0), (99, "a", 99), (5000, "a", 100), (5000, "\"", 40), (5000, "\\", 40)]
        {
            let rows = vec![cell.repeat(100); count];
            let reply = fitting(&rows, |shown, more| {
                let rows = shown.iter().map(|cell| vec![cell.clone()]);
                noting_more(Reply::new().table(&["X"], rows), more)
            });
            let json = serde_json::to_string(&(&reply.text, &reply.html)).expect("JSON");
            assert!(json.len() <= BYTES + 16, "{}: {count} × {cell}", json.len());
            let shown = reply.html.matches("<td>").count();
            assert!((least..=ROWS).contains(&shown), "{shown} of {count} × {cell}");
            let told = reply.text.contains(&format!("… and {} more.", count - shown));
            assert_eq!(told, count > shown);
        }
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(short(&"ä".repeat(40)), "ä".repeat(40));
        assert_eq!(short(&"ä".repeat(41)), format!("{}…", "ä".repeat(40)));
    }
}
