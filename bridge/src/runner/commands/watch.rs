//! What supervisors look at, and the chats that they give out.

use switchboard_centre::{Kind, Reply, commands::Command};
use switchboard_engine::{AgentId, ChatId, Input, QueueId};

use super::Said;
use crate::runner::{
    batch::Batch,
    state::{HandleError, State},
    words,
};

impl State {
    /// Obeys one of a supervisor's commands.
    pub(super) async fn watch(
        &mut self,
        said: &Said,
        command: &Command,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let user = &said.user;
        let reply = match command {
            Command::Queues => self.view_queues(user),
            Command::Agents => self.view_agents(user),
            Command::Waiting { queue } => {
                self.view_waiting(user, queue.as_deref()).unwrap_or_else(|error| error.reply())
            }
            Command::Chat { number } => self.view_chat(user, *number),
            Command::Stats { period } => self.view_stats(user, *period).await?,
            Command::Assign { number, agent } => self.assign(user, *number, agent, batch).await?,
            Command::Move { number, queue } => self.move_chat(user, *number, queue, batch).await?,
            _ => return Ok(()),
        };
        self.reply(said, reply, batch);
        Ok(())
    }

    /// `!assign N AGENT`
    async fn assign(
        &mut self,
        user: &str,
        number: u64,
        agent: &str,
        batch: &mut Batch,
    ) -> Result<Reply, HandleError> {
        let chat = match self.open_chat(user, number) {
            Ok(chat) => chat,
            Err(reply) => return Ok(reply),
        };
        let agent = match self.centre.find(Kind::Agent, agent) {
            Ok(agent) => AgentId(agent),
            Err(error) => return Ok(error.reply()),
        };
        let name = self.agent_name(&agent);
        let refused = self.try_input(Input::Assigned { chat, agent }, batch).await?;
        Ok(match refused {
            None => Reply::say(format!("{name} is asked to take chat {number}.")),
            Some(why) => words::not_assigned(number, &name, why),
        })
    }

    /// `!move N QUEUE`
    async fn move_chat(
        &mut self,
        user: &str,
        number: u64,
        queue: &str,
        batch: &mut Batch,
    ) -> Result<Reply, HandleError> {
        let chat = match self.open_chat(user, number) {
            Ok(chat) => chat,
            Err(reply) => return Ok(reply),
        };
        let queue = match self.centre.find(Kind::Queue, queue) {
            Ok(queue) => queue,
            Err(error) => return Ok(error.reply()),
        };
        if !self.centre.supervises(user, &queue) {
            return Ok(words::others_queue(&self.queue_name(&queue)));
        }
        let name = self.queue_name(&queue);
        let with_agents = self.engine().chat(chat).is_some_and(|c| !words::agents(c).is_empty());
        let queue = QueueId(queue);
        let refused = self.try_input(Input::Moved { chat, queue }, batch).await?;
        Ok(match refused {
            None if with_agents => Reply::say(format!(
                "Chat {number} belongs to “{name}” now. It stays with its agents, and only returns there."
            )),
            None => Reply::say(format!("Chat {number} waits in “{name}” now.")),
            Some(why) => words::not_moved(number, &name, why),
        })
    }

    /// An open chat that this user supervises, by its number.
    fn open_chat(&self, user: &str, number: u64) -> Result<ChatId, Reply> {
        let open = self.find_chat(number).and_then(|chat| self.engine().chat(chat));
        let Some(chat) = open.filter(|chat| !chat.is_ended()) else {
            return Err(Reply::say(format!(
                "There is no open chat {number}. `!waiting` shows those that wait."
            )));
        };
        if !self.centre.supervises(user, &chat.queue.0) {
            return Err(words::others_queue(&self.queue_name(&chat.queue.0)));
        }
        Ok(chat.id)
    }
}
