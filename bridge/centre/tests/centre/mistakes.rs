//! Mistakes in files, each told with its place.

use switchboard_centre::Centre;

use crate::SHOP;

#[test]
fn every_mistake_is_told_with_its_path() {
    let mut shown = Vec::new();
    for (right, wrong) in [
        ("time_zone = \"Europe/Berlin\"", "time_zone = \"Europe/Bärlin\""),
        ("time_zone = \"Europe/Berlin\"", "misses = -1"),
        ("time_zone = \"Europe/Berlin\"", "misses = 101"),
        ("time_zone = \"Europe/Berlin\"", "timezone = \"UTC\""),
        ("time_zone = \"Europe/Berlin\"", "queues = 5\n[x]\n"),
        ("[homeserver]", "[homserver]"),
        ("time_zone = ", "time_zone"),
        ("id = \"sales\"", "id = \"Sales!\""),
        ("id = \"support\"", "id = \"sales\""),
        ("name = \"Support\"", "name = \"SALES\""),
        ("name = \"Support\"", "nmae = \"Support\""),
        ("name = \"Support\"", "name = \"Sup\\u202Eport\""),
        ("name = \"Support\"\n", ""),
        ("name = \"Support\"", "name = 5"),
        ("strategy = \"least_busy\"", "strategy = \"random\""),
        ("request_timeout_seconds = 60", "request_timeout_seconds = 0"),
        ("request_timeout_seconds = 60", "request_timeout_seconds = -60"),
        ("request_timeout_seconds = 60", "request_timeout_seconds = 1.5"),
        ("request_timeout_seconds = 60", "max_length = 99999999999"),
        ("request_timeout_seconds = 60", "retention_days = 40000"),
        ("to = \"queue:support\"", "to = \"support\""),
        ("to = \"queue:support\"", "to = \"queue:suport\""),
        ("after_seconds = 120, ", ""),
        ("to = \"message\"", "to = \"queue:sales\""),
        ("\"sat 10:00-14:00\"", "\"fri 16:00-18:00\""),
        ("\"sat 10:00-14:00\"", "\"sat 14:00-10:00\""),
        ("\"sat 10:00-14:00\"", "\"caturday 14:00-15:00\""),
        ("date = \"2026-12-25\"", "date = \"2026-12-24\""),
        ("date = \"2026-12-25\"", "date = \"2026-12-32\""),
        ("hours = \"closed\"", "hours = \"shut\""),
        ("week = [", "time_zone = \"Nowhere\"\nweek = ["),
        (
            "queues = [{ queue = \"sales\" }, { queue = \"support\", priority = 2, delay_seconds = 30 }]",
            "queues = []",
        ),
        ("priority = 2", "priority = 10"),
        ("priority = 2", "priority = 300"),
        ("delay_seconds = 30", "delay_seconds = 100000"),
        ("{ queue = \"press\" }", "{ queue = \"sales\" }"),
        ("{ queue = \"press\" }", "{ queue = \"pres\" }"),
        ("id = \"all-round\"", "id = \"days\""),
        ("id = \"@anna:x.org\"", "id = \"anna\""),
        ("id = \"@ben:y.org\"", "id = \"@ben:x.org\""),
        ("capacity = 5", "capacity = 0"),
        ("profiles = [\"days\"]", "profiles = [\"nights\"]"),
        ("id = \"@dan:x.org\"", "id = \"@dan\""),
        (
            "id = \"@carla:x.org\"\nqueues = [\"sales\"]",
            "id = \"@carla:x.org\"\nqueues = [\"sells\"]",
        ),
        ("id = \"shop\"", "id = \"assets\""),
        ("title = \"Chat with us\"", "title = \"\""),
        ("\"https://shop.example\"", "\"https://shop.example/\""),
        ("\"https://shop.example\"", "\"*\""),
        ("queue = \"sales\"\ntexts", "queues = []\ntexts"),
        ("queue = \"sales\"\ntexts", "queues = [\"sales\", \"sales\"]\ntexts"),
        ("queue = \"sales\"\ntexts", "colour = \"#12345\"\nqueue = \"sales\"\ntexts"),
        ("algorithm = \"hs256\"", "algorithm = \"none\""),
        ("algorithm = \"hs256\"", "algorithm = \"eddsa\""),
        ("secret = \"sss", "secret = \"\"\n# "),
        ("added = \"2026-10-01T10:00:00Z\"", "added = \"yesterday\""),
        ("id = \"hello\"", "id = \"Hello\""),
        ("{{customer.name|there}}", "{{customer.nmae|there}}{{x}}"),
        ("{{agent.name}}", "{{agent.name"),
        ("title = \"Greeting\"", "title = \"Gree\\nting\""),
    ] {
        assert!(SHOP.contains(right), "the shop has no `{right}`");
        let problems = Centre::from_toml(&SHOP.replacen(right, wrong, 1)).expect_err(wrong);
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert!(!problems.concat().contains("ssss"), "no secrets: {problems:?}");
        shown.push(format!("{}\n    {}", wrong.replace('\n', "⏎"), problems.join("\n    ")));
    }
    insta::assert_snapshot!("mistakes", shown.join("\n"));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let file = SHOP
        .replace("capacity = 5", "capacity = \"five\"")
        .replace("name = \"Press\"", "title = \"Press\"")
        .replace("colour", "color")
        .replace("title = \"Greeting\"", "titel = \"Greeting\"");
    let problems = Centre::from_toml(&file).expect_err("three mistakes");
    let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["queues[2].title", "agents[1].capacity", "messages[0].titel"]);
}

#[test]
fn an_empty_file_has_no_queue() {
    let problems = Centre::from_toml("").expect_err("nothing in it");
    assert_eq!(problems[0].to_string(), "queues: there must be at least one");
}
