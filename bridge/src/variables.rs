//! What is known of a customer: variables, some of which the site vouches for.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A fact about the customer. Its value is clean: nothing in it hides, deceives or looks like a lock.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name: `email`, `order`.
    pub name: String,
    /// What it is.
    pub value: String,
    /// Who vouches for it; nobody for what the page or the customer say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
}

/// Who vouches for a value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Who signed it: the token's `iss`, cleaned.
    pub issuer: String,
    /// With which of the site's keys.
    pub key: String,
    /// When we took it, in milliseconds since the Unix epoch.
    pub at: u64,
}

impl Variable {
    /// Something that only the page or the customer say.
    #[must_use]
    pub fn stated(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), verified: None }
    }
}

/// Personal data is not for logs.
impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variable({})", self.name)
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verified(by key {})", self.key)
    }
}

/// The variable of this name.
#[must_use]
pub fn find<'a>(variables: &'a [Variable], name: &str) -> Option<&'a Variable> {
    variables.iter().find(|variable| variable.name == name)
}

/// Takes a variable up. What somebody vouches for is not replaced by what nobody vouches for.
/// Says whether it was taken.
pub fn put(variables: &mut Vec<Variable>, new: Variable) -> bool {
    match variables.iter_mut().find(|variable| variable.name == new.name) {
        Some(old) if old.verified.is_some() && new.verified.is_none() => return false,
        Some(old) => *old = new,
        None => variables.push(new),
    }
    true
}

/// The content of the state event that says who the customer is.
#[must_use]
pub fn state(variables: &[Variable]) -> Value {
    let variables = variables.iter().map(|variable| {
        let mut state = json!({
            "name": variable.name, "value": variable.value, "verified": variable.verified.is_some(),
        });
        if let Some(verified) = &variable.verified {
            state["issuer"] = verified.issuer.clone().into();
        }
        state
    });
    json!({ "variables": variables.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(name: &str, value: &str) -> Variable {
        let verified = Verified { issuer: "shop".to_owned(), key: "k1".to_owned(), at: 7 };
        Variable { verified: Some(verified), ..Variable::stated(name, value) }
    }

    #[test]
    fn what_is_signed_overrides_what_is_not_and_never_the_other_way() {
        let mut variables = vec![Variable::stated("name", "Ann"), Variable::stated("page", "/")];
        assert!(put(&mut variables, signed("name", "Anna Lee")));
        assert!(!put(&mut variables, Variable::stated("name", "Mallory")));
        assert!(put(&mut variables, Variable::stated("page", "/cart")));
        assert!(put(&mut variables, signed("order", "4711")));
        let expected = [
            signed("name", "Anna Lee"),
            Variable::stated("page", "/cart"),
            signed("order", "4711"),
        ];
        assert_eq!(variables, expected);
        assert_eq!(find(&variables, "order"), Some(&expected[2]));
        assert_eq!(find(&variables, "Order"), None);
    }

    #[test]
    fn only_what_is_signed_is_verified_in_the_rooms_state() {
        let state = state(&[signed("name", "Ann"), Variable::stated("email", "a@x.org")]);
        assert_eq!(
            state,
            json!({ "variables": [
                { "name": "name", "value": "Ann", "verified": true, "issuer": "shop" },
                { "name": "email", "value": "a@x.org", "verified": false },
            ] })
        );
    }

    #[test]
    fn values_are_not_for_logs() {
        let shown = format!("{:?}", signed("email", "ann@example.org"));
        assert!(!shown.contains("ann") && !shown.contains("shop"), "{shown}");
    }
}
