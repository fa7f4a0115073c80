//! What the bridge demands of the centre besides the centre's own rules, be it in the file or made
//! by commands.

use switchboard_centre::{Centre, Problem};

use crate::identity::Namespace;

/// What cannot be, since the bridge's own users are no people. Paths are those of the file.
#[must_use]
pub fn demands(centre: &Centre, names: &Namespace) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |path: String, message: &str| {
        problems.push(Problem { path, message: message.to_owned() });
    };
    let agents = centre.agents.iter().map(|agent| &agent.id).enumerate();
    let administrators = centre.administrators.iter().map(|person| &person.id).enumerate();
    let supervisors = centre.supervisors.iter().map(|person| &person.id).enumerate();
    let people = agents
        .map(|(n, id)| ("agents", n, id))
        .chain(administrators.map(|(n, id)| ("administrators", n, id)))
        .chain(supervisors.map(|(n, id)| ("supervisors", n, id)));
    for (list, n, id) in people {
        if names.is_ours(id) {
            add(
                format!("{list}[{n}].id"),
                "is the bot or another user of the bridge itself; name a person",
            );
        }
    }
    problems
}
