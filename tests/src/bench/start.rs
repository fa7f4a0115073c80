//! How long a chat takes from its start to the agent's invite, against the bare calls that it needs
//! from the homeserver.

use std::time::{Duration, Instant};

use matrix_sdk::ruma::{
    UserId,
    api::client::{
        membership::join_room_by_id, profile::set_profile_field, state::send_state_event,
    },
    events::StateEventType,
    profile::ProfileFieldValue,
};
use switchboard::{
    gateway::{session, wire::StartChat},
    matrix::{
        client::{As, Homeserver},
        content,
        recipe::{self, Recipe as _},
    },
    outbox,
};

use super::{
    BenchError,
    page::Page,
    person::Sights,
    scene::{Bare, SITE, Scene},
    table::{Samples, Table, Target},
};
use crate::customer::{Http, random_key};

/// How many of each kind do not count.
const WARM_UP: usize = 3;

pub(super) async fn measure(
    scene: &Scene,
    anna: &mut Sights,
    starts: usize,
    table: &mut Table,
) -> Result<(), BenchError> {
    println!("Measuring how long chats take to begin …");
    let http = scene.http();
    let homeserver = Homeserver::new(&url(scene.homeserver())?, &scene.bare.token)?;
    let caller = Caller { homeserver, bare: &scene.bare, agent: &scene.anna.user };
    caller.greets().await?;
    let (mut ours, mut plain) = (Samples::default(), Samples::default());
    for round in 0..WARM_UP + starts {
        let (mut bridge, mut bare) = (Duration::ZERO, Duration::ZERO);
        // By turns first and second; none begins while the bridge is busy with the one before.
        for ours in [round % 2 == 0, round % 2 != 0] {
            scene.settles().await?;
            if ours {
                bridge = start(scene, &http, anna).await?;
            } else {
                bare = caller.opens(round, anna).await?;
            }
        }
        if round >= WARM_UP {
            ours.push(bridge);
            plain.push(bare);
        }
    }
    table.ratio("start of a chat → invite", &ours, &plain, Target::None);
    Ok(())
}

/// A chat over the bridge.
async fn start(scene: &Scene, http: &Http, anna: &mut Sights) -> Result<Duration, BenchError> {
    let body = StartChat {
        start_key: random_key(),
        name: Some("Clara".to_owned()),
        queue: None,
        ..StartChat::default()
    };
    let begun = Instant::now();
    let starts = async { Ok(http.start(SITE, &body).await?) };
    let (started, (invited, room)) = tokio::try_join!(starts, anna.invite())?;
    // Nobody is asked for two chats at once.
    let mut page = Page::opens(&http.clone().with_token(&started.token)).await?;
    scene.anna.joins(&room).await?;
    page.joined().await?;
    Ok(invited - begun)
}

/// The same without the bridge.
struct Caller<'a> {
    homeserver: Homeserver,
    bare: &'a Bare,
    agent: &'a str,
}

impl Caller<'_> {
    /// Sees to the bot.
    async fn greets(&self) -> Result<(), BenchError> {
        let bot = self.bare.names.bot();
        self.homeserver.register(bot.localpart()).await?;
        Ok(outbox::make_device(&self.homeserver, bot).await?)
    }

    /// One call after the other, until the agent sees the invite.
    async fn opens(&self, round: usize, anna: &mut Sights) -> Result<Duration, BenchError> {
        let begun = Instant::now();
        let ((), (invited, _)) = tokio::try_join!(self.calls(round), anna.invite())?;
        Ok(invited - begun)
    }

    async fn calls(&self, round: usize) -> Result<(), BenchError> {
        let (homeserver, names) = (&self.homeserver, &self.bare.names);
        let chat = session::derive(&rand::random(), "bench", &random_key()).chat;
        let ghost = names.ghost(chat);
        let recipe = recipe::ChatRoom {
            chat,
            number: round as u64,
            incarnation: "00112233aabbccdd",
            customer: "Clara",
            variables: &[],
            queue: "support",
            queue_name: "Support",
            federate: true,
            ghost: &ghost,
            alias: names.room_alias_localpart(chat),
        };
        homeserver.register(&names.ghost_localpart(chat)).await?;
        outbox::make_device(homeserver, &ghost).await?;
        let name = ProfileFieldValue::DisplayName(recipe.customer.to_owned());
        let name = set_profile_field::v3::Request::new(ghost.clone(), name);
        homeserver.call(As::user(&ghost), name).await?;
        let room = homeserver.call(As::user(names.bot()), recipe.request()).await?.room_id;
        let join = join_room_by_id::v3::Request::new(room.clone());
        homeserver.call(As::user(&ghost), join).await?;
        let agent =
            UserId::parse(self.agent).map_err(|error| BenchError::Broken(error.to_string()))?;
        let text = "Support: a customer has just come. Accept to answer.";
        let invite = recipe::raw(&content::invite(text, text, "bench"))
            .ok_or_else(|| BenchError::Broken("cannot write JSON".to_owned()))?;
        let member = StateEventType::RoomMember;
        let invite =
            send_state_event::v3::Request::new_raw(room, member, agent.to_string(), invite);
        homeserver.call(As::user(&ghost), invite).await?;
        Ok(())
    }
}

fn url(text: &str) -> Result<url::Url, BenchError> {
    text.parse().map_err(|error: url::ParseError| BenchError::Broken(error.to_string()))
}
