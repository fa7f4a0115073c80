//! What came of a change or would come of an import.

use crate::{
    change::{Applied, ChangeError},
    commands::Refused,
    difference::{Difference, What},
    file::Plan,
    reply::Reply,
    validate::Problem,
};

impl Applied {
    /// Tells what was changed.
    #[must_use]
    pub fn reply(&self) -> Reply {
        let mut reply = told("Done.", &self.told);
        if let Some((from, to)) = &self.moved {
            reply = reply.paragraph(format!("The chats of queue `{from}` go to queue `{to}`."));
        }
        noted(reply, &self.warnings)
    }

    /// Tells what would be changed, and asks.
    #[must_use]
    pub fn question(&self) -> Reply {
        let mut reply = told("This is what would change:", &self.told);
        if let Some((from, to)) = &self.moved {
            reply = reply.paragraph(format!("The chats of queue `{from}` would go to `{to}`."));
        }
        noted(reply, &self.warnings).paragraph("Do it? ✅ yes, ❌ no")
    }
}

impl Plan {
    /// Tells what an import would change.
    #[must_use]
    pub fn reply(&self) -> Reply {
        if self.differences.is_empty() {
            return Reply::say("The file says what is set already: nothing would change.");
        }
        noted(told("This is what would change:", &self.differences), &self.warnings)
    }
}

impl ChangeError {
    /// Tells why nothing was changed.
    #[must_use]
    pub fn reply(&self) -> Reply {
        match self {
            Self::Invalid { words, .. } => {
                Reply::say("Nothing was changed, because this would not be right:").list(words)
            }
            other => Reply::say(other.to_string()),
        }
    }
}

impl Refused {
    /// Tells why the command was not carried out.
    #[must_use]
    pub fn reply(&self) -> Reply {
        Reply::say(self.to_string())
    }
}

/// Tells everything that is wrong with a file.
#[must_use]
pub fn problems(problems: &[Problem]) -> Reply {
    let entries = problems.iter().map(|problem| format!("`{}`: {}", problem.path, problem.message));
    Reply::say("The file has mistakes; nothing was changed.").list(entries)
}

fn told(first: &str, differences: &[Difference]) -> Reply {
    // What was set about a thing that is gone stands in the audit.
    Reply::say(first).list(differences.iter().map(|difference| match difference.what {
        What::Removed => format!("{} removed", difference.item),
        _ => difference.to_string(),
    }))
}

fn noted(reply: Reply, warnings: &[String]) -> Reply {
    if warnings.is_empty() { reply } else { reply.paragraph("Note:").list(warnings) }
}
