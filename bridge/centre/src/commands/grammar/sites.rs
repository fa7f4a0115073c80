//! Commands about sites, predefined messages and the whole.

use clap::Subcommand;

use crate::{
    change::fields::{GeneralFields, MessageFields, SiteFields},
    model::Algorithm,
};

/// `!message …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum MessageCommand {
    /// Show all predefined messages, or those of a queue
    List {
        /// The queue
        queue: Option<String>,
    },
    /// Show a predefined message
    Show {
        /// Its shortcut
        id: String,
    },
    /// Add a predefined message
    #[command(
        after_help = "!message add hello --title \"Greeting\" --text \"Hello {{customer.name|there}}, I am {{agent.name}}.\" --queues sales"
    )]
    Add {
        /// Its shortcut: a–z, 0–9, - and _
        id: String,
        /// Its settings
        #[command(flatten)]
        fields: MessageFields,
    },
    /// Change a predefined message
    #[command(after_help = "!message set hello --group \"First words\" --queues all")]
    Set {
        /// Its shortcut
        id: String,
        /// Its settings
        #[command(flatten)]
        fields: MessageFields,
    },
    /// Delete a predefined message
    Delete {
        /// Its shortcut
        id: String,
    },
}

/// `!site …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum SiteCommand {
    /// Show all sites
    List,
    /// Show a site's settings
    Show {
        /// The site
        site: String,
    },
    /// Add a site
    #[command(
        after_help = "!site add shop --title \"Chat with us\" --origins https://shop.example --queues sales,support"
    )]
    Add {
        /// Its name in addresses: a–z, 0–9 and -
        id: String,
        /// Its settings
        #[command(flatten)]
        fields: Box<SiteFields>,
    },
    /// Change a site's settings
    #[command(after_help = "!site set shop --colour #0b6e4f --ask-name yes")]
    Set {
        /// The site
        site: String,
        /// Its settings
        #[command(flatten)]
        fields: Box<SiteFields>,
    },
    /// Replace one of the widget's own words; without a text, restore it
    #[command(after_help = "!site text shop send \"Send it\"")]
    Text {
        /// The site
        site: String,
        /// The word's name
        name: String,
        /// The text
        text: Option<String>,
    },
    /// Declare a fact that the site states about its customers; without a label, take that back
    #[command(after_help = "!site variable shop order \"Order number\"")]
    Variable {
        /// The site
        site: String,
        /// The variable's name: letters, digits, - and _
        name: String,
        /// What agents read
        label: Option<String>,
    },
    /// Delete a site
    Delete {
        /// The site
        site: String,
    },
    /// Keys, with which a site signs what it knows of its customers
    #[command(subcommand)]
    Key(KeyCommand),
}

/// `!site key …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum KeyCommand {
    /// Add a key; its secret is shown once
    #[command(
        after_help = "!site key add shop\n!site key add shop --algorithm eddsa --public-key 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    )]
    Add {
        /// The site
        site: String,
        /// hs256 (we make a secret) or eddsa (you give a public key)
        #[arg(long, default_value = "hs256", ignore_case = true)]
        algorithm: Algorithm,
        /// For eddsa: the public key, as base64url
        #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
        public_key: Option<String>,
    },
    /// Add a new key; of two that are there the older one goes
    #[command(after_help = "!site key rotate shop")]
    Rotate {
        /// The site
        site: String,
        /// hs256 (we make a secret) or eddsa (you give a public key)
        #[arg(long, default_value = "hs256", ignore_case = true)]
        algorithm: Algorithm,
        /// For eddsa: the public key, as base64url
        #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
        public_key: Option<String>,
    },
    /// Remove a key: nothing that is signed with it is believed any more
    Remove {
        /// The site
        site: String,
        /// The key's id
        key: String,
    },
}

/// `!config …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Show the general settings
    Show,
    /// Change the general settings
    #[command(after_help = "!config set --time-zone Europe/Berlin --misses 3")]
    Set {
        /// Its settings
        #[command(flatten)]
        fields: GeneralFields,
    },
    /// Get everything as a file that the bridge can start from, without secrets
    Export,
    /// Replace everything by a file, pasted below the command
    #[command(after_help = "!config import --dry-run")]
    Import {
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
        /// The file that was pasted below the command
        #[arg(skip)]
        file: Option<String>,
    },
}
