//! The homeserver's configuration, written as JSON, which is also YAML.

use std::{io, path::Path};

use base64::Engine as _;
use serde_json::{Value, json};

use super::{Federation, SynapseOptions};

/// The name of the main file.
pub(super) const HOMESERVER: &str = "homeserver.yaml";

/// Writes everything that Synapse wants to read; a signing key that is there stays.
pub(super) fn write(options: &SynapseOptions, port: u16, secret: &str) -> io::Result<()> {
    let directory = &options.directory;
    let signing_key = directory.join("signing.key");
    if !signing_key.exists() {
        let seed =
            base64::engine::general_purpose::STANDARD_NO_PAD.encode(rand::random::<[u8; 32]>());
        std::fs::write(&signing_key, format!("ed25519 a_{port} {seed}\n"))?;
    }
    write_json(&directory.join("log.yaml"), &logging())?;
    write_json(&directory.join(HOMESERVER), &homeserver(options, port, secret))
}

fn write_json(file: &Path, value: &Value) -> io::Result<()> {
    std::fs::write(file, format!("{value:#}\n"))
}

fn logging() -> Value {
    json!({
        "version": 1,
        "disable_existing_loggers": false,
        "formatters": { "line": {
            "format": "%(asctime)s %(levelname)s %(name)s %(request)s %(message)s"
        } },
        "handlers": { "console": {
            "class": "logging.StreamHandler", "formatter": "line"
        } },
        "root": { "level": "WARNING", "handlers": ["console"] },
    })
}

fn homeserver(options: &SynapseOptions, port: u16, secret: &str) -> Value {
    let fast = json!({ "per_second": 1000, "burst_count": 1000 });
    let directory = &options.directory;
    let mut settings = json!({
        "server_name": options.server_name(),
        "public_baseurl": format!("http://127.0.0.1:{port}/"),
        "pid_file": directory.join("synapse.pid"),
        "listeners": [{
            "port": port,
            "type": "http",
            "tls": false,
            "bind_addresses": ["127.0.0.1"],
            // `openid` lets the bridge ask who an agent's widget is.
            "resources": [{ "names": ["client", "openid"], "compress": false }],
        }],
        "database": {
            "name": "sqlite3",
            "args": { "database": directory.join("homeserver.db") },
        },
        "media_store_path": directory.join("media"),
        "signing_key_path": directory.join("signing.key"),
        "log_config": directory.join("log.yaml"),
        "app_service_config_files": options.registrations,
        "registration_shared_secret": secret,
        "macaroon_secret_key": secret,
        "form_secret": secret,
        "report_stats": false,
        "suppress_key_server_warning": true,
        "trusted_key_servers": [],
        "ip_range_blacklist": [],
        "presence": { "enabled": false },
        "push": { "enabled": false },
        "url_preview_enabled": false,
        "max_upload_size": "50M",
        // Cheap hashes: these passwords guard nothing.
        "bcrypt_rounds": 4,
        // Agents are people for the homeserver, and scripted ones are fast.
        "rc_message": fast,
        "rc_registration": fast,
        "rc_login": { "address": fast, "account": fast, "failed_attempts": fast },
        "rc_joins": { "local": fast, "remote": fast },
        "rc_joins_per_room": fast,
        "rc_invites": { "per_room": fast, "per_user": fast, "per_issuer": fast },
        "rc_room_creation": fast,
        "rc_admin_redaction": fast,
        "extra_well_known_client_content": {
            "io.element.e2ee": { "default": false, "force_disable": true },
        },
    });
    match &options.federation {
        Some(federation) => federate(&mut settings, federation),
        None => settings["federation_domain_whitelist"] = json!([]),
    }
    settings
}

fn federate(settings: &mut Value, federation: &Federation) {
    let certificates = &federation.certificates;
    settings["tls_certificate_path"] = json!(certificates.certificate);
    settings["tls_private_key_path"] = json!(certificates.key);
    settings["federation_custom_ca_list"] = json!([certificates.authority]);
    settings["federation_verify_certificates"] = json!(true);
    // As docs/operators.md advises, and a little less patient.
    settings["federation"] = json!({ "client_timeout": "3s", "max_short_retries": 1 });
    let listener = json!({
        "port": federation.port,
        "type": "http",
        "tls": true,
        "bind_addresses": ["127.0.0.1"],
        "resources": [{ "names": ["federation"] }],
    });
    settings["listeners"].as_array_mut().into_iter().for_each(|all| all.push(listener.clone()));
}
