//! The examples of signing in `docs/integrators.md`: each is run, and the bridge's own check must take
//! what it makes.

use std::{
    path::Path,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use switchboard::gateway::signed::{Against, Signed, verify};
use switchboard_centre::model::{Algorithm, Key, Secret};
use switchboard_tests::signing::Signer;

#[path = "sign.rs"]
mod sign;

const DOCS: &str = include_str!("../../../docs/integrators.md");

/// The example in this language below this heading.
fn example(heading: &str, language: &str) -> &'static str {
    let (_, rest) = DOCS.split_once(heading).unwrap_or_else(|| panic!("no {heading}"));
    let (_, rest) = rest.split_once(&format!("```{language}\n")).expect("an example");
    rest.split_once("```").expect("an end").0
}

fn customer() -> Value {
    json!({
        "id": "c-17", "name": "Zoë \"Z\" O'Neil <b>", "email": "zoe@example.org", "order": 4711,
    })
}

fn checked(token: &str, key: Key) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let declared = ["order".to_owned()];
    let now = u64::try_from(now).expect("before the year 500 million");
    let against = Against { site: "shop", keys: &[key], declared: &declared, now };
    let signed = verify(token.trim(), against, &[7; 32]);
    let Signed { issuer, visitor, variables, .. } =
        signed.unwrap_or_else(|fault| panic!("{fault:?}: {token}"));
    assert_eq!(issuer, "https://shop.example.org");
    assert!(visitor.is_some());
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = [
        pair("name", "Zoë \"Z\" O'Neil <b>"),
        pair("email", "zoe@example.org"),
        pair("order", "4711"),
    ];
    assert_eq!(variables, expected);
}

/// With both of base64url's own digits, so that nobody mistakes it for base64.
fn signer() -> Signer {
    let signer = Signer::new("k1", [0xfb; 32]);
    assert!(signer.secret.contains('-') && signer.secret.contains('_'));
    signer
}

fn shared() -> Key {
    let Signer { key, secret } = signer();
    let secret = Some(Secret::new(secret));
    Key { id: key, algorithm: Algorithm::Hs256, secret, public_key: None, added: String::new() }
}

/// Runs a program of an example and some lines after it, and gives what it prints.
fn run(file: &str, program: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join(file), program).expect("written");
    let (interpreter, arguments) = arguments.split_first().expect("a program");
    let output = Command::new(interpreter)
        .args(arguments)
        .current_dir(folder.path())
        .env("CUSTOMER", customer().to_string())
        .env("SECRET", signer().secret)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{file}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn node() {
    let call =
        "console.log(chatToken('k1', process.env.SECRET, JSON.parse(process.env.CUSTOMER)));";
    let program = format!("{}\n{call}", example("**Node.js**", "js"));
    checked(&run("sign.mjs", &program, &["node", "sign.mjs"]), shared());
}

#[test]
fn node_with_ed25519() {
    let call = "const keys = newKeys();\n\
        console.log(keys.publicKey, \
        chatToken('k2', keys.privateKey, JSON.parse(process.env.CUSTOMER)));";
    let program = format!("{}\n{call}", example("**Ed25519, in Node.js.**", "js"));
    let printed = run("sign.mjs", &program, &["node", "sign.mjs"]);
    let (public, token) = printed.split_once(' ').expect("both");
    let key = Key {
        id: "k2".to_owned(),
        algorithm: Algorithm::Eddsa,
        secret: None,
        public_key: Some(public.to_owned()),
        added: String::new(),
    };
    checked(token, key);
}

#[test]
fn python() {
    let call = "import os\n\
        print(chat_token('k1', os.environ['SECRET'], json.loads(os.environ['CUSTOMER'])))";
    let program = format!("{}\n{call}\n", example("**Python**", "python"));
    checked(&run("sign.py", &program, &["python3", "sign.py"]), shared());
}

#[test]
fn php() {
    let there = Command::new("php").arg("--version").output().is_ok();
    if !there {
        // Where everything must hold, it is there: see `.ci/run`.
        assert!(std::env::var_os("CI").is_none(), "PHP is missing: install php-cli");
        eprintln!("NOT TESTED: the example in PHP, for there is no PHP here");
        return;
    }
    let call = "echo chat_token('k1', getenv('SECRET'), json_decode(getenv('CUSTOMER'), true));";
    let program = format!("{}\n{call}\n", example("**PHP**", "php"));
    checked(&run("sign.php", &program, &["php", "sign.php"]), shared());
}

/// The example is a module of this test, so it compiles.
#[test]
fn rust() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integrator_examples/sign.rs");
    let source = std::fs::read_to_string(file).expect("it is there");
    assert_eq!(example("**Rust**", "rust"), source, "the docs show what is compiled here");
    let token = sign::chat_token("k1", &signer().secret, &customer()).expect("signed");
    checked(&token, shared());
}
