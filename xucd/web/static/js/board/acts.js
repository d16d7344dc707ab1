/* What a supervisor asks for. Nothing changes on the board until xucd tells that it is so. */

import { attempt, say } from "../shared/toasts.js";
import { t } from "../shared/words.js";
import { queueName } from "./model.js";

/** The acts of one open centre, by which panels and drops ask. */
export function makeActs(center) {
  const agentName = (id) => {
    const agent = center.state.agents.get(id);
    return `${agent.firstName} ${agent.lastName}`.trim();
  };
  const names = (agentId, queueId) => ({
    name: agentName(agentId),
    queue: queueName(center.state.queues.get(queueId)),
  });

  /** Resolves to whether it was done; `words` say so, if any. */
  async function done(ask, words = "") {
    let answered = false;
    await attempt(async () => {
      await ask();
      answered = true;
    });
    if (answered && words) {
      say(words);
    }
    return answered;
  }

  return {
    /** Puts an agent into a queue. */
    put(agentId, queueId, penalty) {
      const told = names(agentId, queueId);
      return done(() => center.setAgentQueue({ agentId, queueId, penalty }),
        t("done.into", { ...told, penalty }));
    },
    /** Puts an agent that was dropped on a queue into it; one that is in keeps its penalty. */
    drop(agentId, queueId) {
      const penalty = center.state.agents.get(agentId)?.queues.get(queueId);
      if (penalty === undefined) {
        return this.put(agentId, queueId, 0);
      }
      say(t("done.already", { ...names(agentId, queueId), penalty }));
      return Promise.resolve();
    },
    /** Changes a penalty; resolves to whether that was done. */
    setPenalty: (agentId, queueId, penalty) =>
      done(() => center.setAgentQueue({ agentId, queueId, penalty })),
    takeOut(agentId, queueId) {
      const told = names(agentId, queueId);
      return done(() => center.removeAgentFromQueue({ agentId, queueId }),
        t("done.out-of", told));
    },
    logIn: (agentId, phoneNumber) => attempt(() => center.loginAgent({ agentId, phoneNumber })),
    logOut: (agentId) => attempt(() => center.logoutAgent({ agentId })),
    pause: (agentId, reason) => attempt(() => center.pauseAgent({ agentId, reason })),
    ready: (agentId) => attempt(() => center.unpauseAgent({ agentId })),
    listen(agentId) {
      const name = agentName(agentId);
      return done(() => center.listenAgent({ agentId }), t("panel.listening", { name }));
    },
    muteRecording: (agentId) => attempt(() => center.monitorPause({ agentId })),
    unmuteRecording: (agentId) => attempt(() => center.monitorUnpause({ agentId })),
    /** Tells that listening began or ended, as xucd says it. */
    listened({ started, agentId }) {
      if (center.state.agents.has(agentId) && agentId !== center.state.user?.agentId) {
        say(t(started ? "panel.listen.began" : "panel.listen.ended", { name: agentName(agentId) }));
      }
    },
  };
}
