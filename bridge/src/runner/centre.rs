//! What administrators manage changes while the bridge runs.
//!
//! A change goes into the same batch as everything that follows from it and as its entry in the
//! audit. In memory it counts at once; the rest of the bridge hears of it when it is committed.

use switchboard_centre::{
    Applied, Centre, ChangeError, Decision, Plan, Problem,
    audit::{Entry, Way},
    model::{Role, Site},
};
use switchboard_engine::{AgentId, ChatId, Effect, Input, Leaving, QueueId, Status, StatusWhy};

use super::{
    batch::Batch,
    state::{HandleError, State},
    words,
};
use crate::{config::demands, place::Place};

impl State {
    /// What a decision would come to, for the question whether it is meant. The same is looked at
    /// again when it is carried out.
    pub(super) fn would_change(
        &self,
        who: &str,
        decision: &Decision,
    ) -> Result<Applied, ChangeError> {
        self.centre.authorise(who, &decision.change)?;
        let applied = self.centre.apply(decision, |queue| self.chats_in(queue))?;
        self.meets_demands(applied)
    }

    /// Carries out what an administrator or a supervisor has decided. If it is refused, nothing
    /// was changed.
    pub(super) async fn change_centre(
        &mut self,
        who: &str,
        decision: &Decision,
        batch: &mut Batch,
    ) -> Result<Result<Applied, ChangeError>, HandleError> {
        let applied = match self.would_change(who, decision) {
            Ok(applied) => applied,
            Err(refused) => return Ok(Err(refused)),
        };
        self.take_over((who, Way::Command), &applied, batch).await?;
        Ok(Ok(applied))
    }

    /// What an import of a file would do.
    pub(super) fn plan_import(&self, text: &str) -> Result<Plan, Vec<Problem>> {
        let plan = self.centre.import(text)?;
        let problems = demands(&plan.centre, &self.with.names);
        if problems.is_empty() { Ok(plan) } else { Err(problems) }
    }

    /// Carries out an import that was planned, unless something has changed since.
    pub(super) async fn import_centre(
        &mut self,
        who: &str,
        plan: Plan,
        batch: &mut Batch,
    ) -> Result<Result<Applied, ChangeError>, HandleError> {
        if !self.centre.roles_of(who).administrator {
            return Ok(Err(ChangeError::NotAllowed { needs: Role::Administrator }));
        }
        let applied = self.centre.accept(plan, |queue| self.chats_in(queue));
        let applied = match applied.and_then(|applied| self.meets_demands(applied)) {
            Ok(applied) => applied,
            Err(refused) => return Ok(Err(refused)),
        };
        if applied.centre != self.centre {
            self.take_over((who, Way::Import), &applied, batch).await?;
        }
        Ok(Ok(applied))
    }

    /// How many chats of a queue are not over: they wait, ring, have agents, or are to become
    /// messages.
    pub(super) fn chats_in(&self, queue: &str) -> u64 {
        self.open_chats(queue).count() as u64
    }

    fn open_chats(&self, queue: &str) -> impl Iterator<Item = ChatId> {
        let chats = self.engine.chats().filter(move |c| c.queue.0 == queue && !c.is_ended());
        chats.map(|chat| chat.id)
    }

    /// Refuses what the bridge cannot have, unless it was so before.
    fn meets_demands(&self, applied: Applied) -> Result<Applied, ChangeError> {
        let before = demands(&self.centre, &self.with.names);
        let mut problems = demands(&applied.centre, &self.with.names);
        problems.retain(|problem| !before.contains(problem));
        if problems.is_empty() {
            return Ok(applied);
        }
        let words = problems.iter().map(|problem| applied.centre.in_words(problem)).collect();
        Err(ChangeError::Invalid { problems, words })
    }

    async fn take_over(
        &mut self,
        (who, way): (&str, Way),
        applied: &Applied,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let old = std::mem::replace(&mut self.centre, applied.centre.clone());
        // While the old queue is still there, so that its chats are not taken for homeless.
        self.move_chats(applied.moved.as_ref(), batch).await?;
        let setup = self.setup();
        self.input(Input::Configured { setup }, batch).await?;
        // By the old settings, some may have overflowed back.
        self.move_chats(applied.moved.as_ref(), batch).await?;
        self.keep_former(&old);
        self.open_bot_rooms(batch);
        self.tell_of_work(&old, batch).await?;
        self.kept.by_command = true;
        self.write_centre(batch)?;
        let entry = Entry {
            at: self.batch_time().0,
            who: Some(who.to_owned()),
            way,
            differences: applied.told.clone(),
            moved: applied.moved.clone(),
        };
        self.write_audit(&entry, batch)
    }

    /// Who is an agent no longer is told so, who is one again is invited back to the desk, and who may
    /// not use their profile any more is logged off.
    async fn tell_of_work(&mut self, old: &Centre, batch: &mut Batch) -> Result<(), HandleError> {
        let gone = old.agents.iter().filter(|agent| self.centre.agent(&agent.id).is_none());
        for user in gone.map(|agent| agent.id.clone()).collect::<Vec<_>>() {
            let told = words::plain(words::NO_AGENT);
            self.tell_at_desk(&user, told.into(), None, batch);
        }
        let works = |centre: &Centre, user: &str| {
            let roles = centre.roles_of(user);
            roles.agent || roles.supervisor
        };
        let agents = self.centre.agents.iter().map(|agent| &agent.id);
        let supervisors = self.centre.supervisors.iter().map(|supervisor| &supervisor.id);
        let new = agents.chain(supervisors).filter(|user| !works(old, user));
        for user in new.cloned().collect::<Vec<_>>() {
            self.bring_back(&Place::Desk(user.clone()), &user, batch);
        }
        let may_not = self.engine.agents().filter(|agent| {
            let profiles = self.centre.profiles_of(&agent.id.0);
            agent.profile.as_ref().is_some_and(|id| profiles.iter().all(|p| p.id != id.0))
        });
        for agent in may_not.map(|agent| agent.id.clone()).collect::<Vec<_>>() {
            let chats = Some(Leaving::Keep);
            self.input(Input::AgentLogsOff { agent: agent.clone(), chats }, batch).await?;
            let (status, why) = (Status::LoggedOff, StatusWhy::ProfileGone);
            self.status_changed(&Effect::AgentChanged { agent, status, why }, batch);
        }
        Ok(())
    }

    async fn move_chats(
        &mut self,
        moved: Option<&(String, String)>,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some((from, to)) = moved else { return Ok(()) };
        for chat in self.open_chats(from).collect::<Vec<_>>() {
            self.input(Input::Moved { chat, queue: QueueId(to.clone()) }, batch).await?;
        }
        Ok(())
    }
}

impl State {
    /// Keeps what chats still need of agents and sites that were there before, and no more.
    pub(super) fn keep_former(&mut self, old: &Centre) {
        let mut agents = std::mem::take(&mut self.kept.former_agents);
        agents.retain(|agent| old.agent(&agent.id).is_none());
        agents.extend(old.agents.iter().cloned());
        agents
            .retain(|agent| self.centre.agent(&agent.id).is_none() && self.is_in_a_chat(&agent.id));
        self.kept.former_agents = agents;

        let mut sites = std::mem::take(&mut self.kept.former_sites);
        sites.retain(|site| old.site(&site.id).is_none());
        sites.extend(old.sites.iter().map(|site| Site { keys: Vec::new(), ..site.clone() }));
        sites.retain(|site| self.centre.site(&site.id).is_none() && self.has_chats(site));
        self.kept.former_sites = sites;
    }

    /// Whether an agent, or somebody who was one, is in a chat.
    pub(super) fn is_in_a_chat(&self, user: &str) -> bool {
        self.engine.chats_of(&AgentId(user.to_owned())).next().is_some()
    }

    /// Whether a site has chats whose pages may still be open.
    pub(super) fn has_chats(&self, site: &Site) -> bool {
        self.conversations.values().any(|conversation| conversation.site == site.id)
    }

    /// A site, also one that is gone and has chats.
    pub(super) fn site(&self, id: &str) -> Option<&Site> {
        let former = || self.kept.former_sites.iter().find(|site| site.id == id);
        self.centre.site(id).or_else(former)
    }

    /// An agent's name, also of one who is none any more.
    pub(super) fn agent_name(&self, agent: &AgentId) -> String {
        let former = || self.kept.former_agents.iter().find(|former| former.id == agent.0);
        let known = self.centre.agent(&agent.0).or_else(former);
        known.map_or("An agent", |agent| agent.name.as_str()).to_owned()
    }
}
