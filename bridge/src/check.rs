//! `switchboard check`: what is wrong, and how to mend it.

use std::{
    fmt::Write as _,
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use ruma::api::client::{
    account::whoami, authenticated_media::get_media_config, discovery::get_capabilities,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    appservice::{
        self,
        reach::{self, Unreached},
    },
    config::Config,
    listen::{self, ListenOptions},
    matrix::{
        client::{As, CallError, Homeserver},
        recipe::ROOM_VERSION,
    },
};

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: String,
    /// All right, or what is wrong and how to mend it.
    pub result: Result<String, String>,
}

/// Looks at everything that can be looked at without changing anything.
pub async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding {
        what: "configuration".to_owned(),
        result: Ok(format!(
            "{} queues, {} agents, {} sites",
            config.queues.len(),
            config.agents.len(),
            config.sites.len()
        )),
    }];
    let homeserver =
        match Homeserver::new(&config.homeserver.url, config.appservice.as_token.reveal()) {
            Ok(homeserver) => homeserver,
            Err(error) => {
                findings.push(Finding {
                    what: "homeserver".to_owned(),
                    result: Err(error.to_string()),
                });
                return findings;
            }
        };
    let reached = homeserver.versions().await;
    let reachable = reached.is_ok();
    findings.push(Finding {
        what: "homeserver".to_owned(),
        result: match reached {
            Ok(versions) => Ok(format!(
                "answers at {} (newest: {})",
                config.homeserver.url,
                versions.last().map_or("unknown", String::as_str)
            )),
            Err(error) => Err(format!(
                "{error}\n  Is it running? Is homeserver.url ({}) right?",
                config.homeserver.url
            )),
        },
    });
    if reachable {
        findings.push(token(config, &homeserver).await);
    }
    let known = findings.iter().all(|finding| finding.result.is_ok());
    if known {
        findings.push(rooms(&homeserver).await);
        findings.push(files(config, &homeserver).await);
        findings.extend(way_back(config, &homeserver).await);
    }
    findings
}

/// Whether the homeserver knows the appservice, and by which names.
async fn token(config: &Config, homeserver: &Homeserver) -> Finding {
    let what = "registration".to_owned();
    let names = match config.namespace() {
        Ok(names) => names,
        Err(error) => return Finding { what, result: Err(error.to_string()) },
    };
    let bot = As::user(names.bot());
    let result = match homeserver.call(bot, whoami::v3::Request::new()).await {
        Ok(response) if response.user_id == names.bot() => {
            Ok(format!("the bot is {}", names.bot()))
        }
        Ok(response) => Err(format!(
            "the homeserver takes the bot for {}; homeserver.server_name is not right",
            response.user_id
        )),
        // The token is good, but the bot's user is not made yet: the first start makes it.
        Err(CallError::Refused { kind, .. }) if kind == "M_FORBIDDEN" => {
            match homeserver.call_plain(whoami::v3::Request::new()).await {
                Ok(_) => Ok("known to the homeserver; the bot is made at the first start".to_owned()),
                Err(error) => Err(error.in_full()),
            }
        }
        Err(CallError::Unauthorised) => Err(
            "the homeserver does not know as_token.\n  Run `switchboard registration`, add the file to app_service_config_files in homeserver.yaml, and restart the homeserver."
                .to_owned(),
        ),
        Err(error) => Err(error.in_full()),
    };
    Finding { what, result }
}

/// Whether the homeserver can make chat rooms.
async fn rooms(homeserver: &Homeserver) -> Finding {
    let result = match homeserver.call_plain(get_capabilities::v3::Request::new()).await {
        Ok(response)
            if response.capabilities.room_versions.available.contains_key(&ROOM_VERSION) =>
        {
            Ok(format!("the homeserver knows version {ROOM_VERSION}"))
        }
        Ok(_) => Err(format!(
            "the homeserver does not know room version {ROOM_VERSION}, which chats need.\n  Update the homeserver, or leave this version switched on."
        )),
        Err(error) => Err(error.in_full()),
    };
    Finding { what: "rooms".to_owned(), result }
}

/// Whether the homeserver takes files as large as customers and agents may send.
async fn files(config: &Config, homeserver: &Homeserver) -> Finding {
    let most = config.files.max_bytes;
    let result = match homeserver.call_plain(get_media_config::v1::Request::new()).await {
        Ok(response) if u64::from(response.upload_size) >= most => {
            Ok(format!("the homeserver takes up to {} bytes", response.upload_size))
        }
        Ok(response) => Err(format!(
            "the homeserver takes only {} bytes, and files.max_bytes is {most}.\n  Raise `max_upload_size` in homeserver.yaml, or lower files.max_bytes.",
            response.upload_size
        )),
        // Some do not say.
        Err(error) if error.is_not_found() || error.is("M_UNRECOGNIZED") => {
            Ok("the homeserver does not say how large a file it takes".to_owned())
        }
        Err(error) => Err(error.in_full()),
    };
    Finding { what: "files".to_owned(), result }
}

/// Whether the homeserver reaches the bridge: it is asked to ping. While the bridge is not running,
/// this listens in its place, but takes nothing from the homeserver except the ping.
async fn way_back(config: &Config, homeserver: &Homeserver) -> Vec<Finding> {
    let what = "appservice".to_owned();
    let listen = config.appservice.listen;
    let stop = CancellationToken::new();
    let mut findings = Vec::new();
    let stand_in = match TcpListener::bind(listen).await {
        Ok(listener) => {
            let app = appservice::stand_in(config.appservice.hs_token.clone());
            let options = ListenOptions::default();
            findings.extend(taken("gateway.listen", config.gateway.listen).await);
            findings.extend(taken("operations.listen", config.operations.listen).await);
            Some(tokio::spawn(listen::serve(listener, app, options, stop.clone())))
        }
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            if !is_bridge(listen).await {
                let result = Err(format!(
                    "another program listens on {listen}\n  Stop it, or change appservice.listen and appservice.url; after that write the registration again."
                ));
                return vec![Finding { what, result }];
            }
            None
        }
        Err(error) => {
            let result =
                Err(format!("cannot listen on {listen}: {error}\n  Change appservice.listen."));
            return vec![Finding { what, result }];
        }
    };
    let result = match reach::ping(homeserver, &config.appservice.id).await {
        Ok(took) => {
            let who = if stand_in.is_some() { "this check" } else { "the running bridge" };
            Ok(format!("the homeserver reaches {who} in {} ms", took.as_millis()))
        }
        Err(Unreached::Call(error)) => Err(error.in_full()),
        Err(error) => Err(format!(
            "{error}.\n  appservice.url is {}, appservice.listen is {listen}.",
            config.appservice.url
        )),
    };
    stop.cancel();
    if let Some(stand_in) = stand_in {
        stand_in.abort();
    }
    findings.push(Finding { what, result });
    findings
}

/// An address that the bridge needs and another program has.
async fn taken(path: &str, address: SocketAddr) -> Option<Finding> {
    let error = TcpListener::bind(address).await.err()?;
    let result =
        Err(format!("cannot listen on {address}: {error}\n  Stop what uses it, or change {path}."));
    Some(Finding { what: path.to_owned(), result })
}

/// Whether it is the bridge that listens on this address. It is asked without the token, since it
/// may be a stranger.
async fn is_bridge(mut listen: SocketAddr) -> bool {
    if listen.ip().is_unspecified() {
        let local: IpAddr = match listen {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        listen.set_ip(local);
    }
    let asked = async {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let answer = client.post(format!("http://{listen}/_matrix/app/v1/ping")).send().await?;
        let status = answer.status();
        Ok::<_, reqwest::Error>((status, answer.bytes().await?))
    };
    match tokio::time::timeout(Duration::from_secs(5), asked).await {
        Ok(Ok((status, body))) => appservice::asks_for_token(status, &body),
        _ => false,
    }
}

/// The findings for people, and whether all is well.
#[must_use]
pub fn report(findings: &[Finding]) -> (String, bool) {
    let mut text = String::new();
    for Finding { what, result } in findings {
        let _ = match result {
            Ok(fine) => writeln!(text, "ok    {what}: {fine}"),
            Err(wrong) => writeln!(text, "FAIL  {what}: {wrong}"),
        };
    }
    (text, findings.iter().all(|finding| finding.result.is_ok()))
}
