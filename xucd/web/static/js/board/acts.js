/* The commands of a supervisor. The board changes only when xucd reports the change. */

import { attempt, showDone } from "../shared/toasts.js";
import { t } from "../shared/words.js";
import { queueName } from "./model.js";

/** @import { AgentListen, Center } from "/lib/xucd.js" */

/** @typedef {ReturnType<typeof makeActs>} Acts */

/** The commands that panels and drag and drop send over an open client.
 * @param {Center} center
 */
export function makeActs(center) {
  const agentName = (/** @type {number} */ id) => {
    const agent = center.state.agents.get(id);
    return `${agent?.firstName ?? ""} ${agent?.lastName ?? ""}`.trim();
  };
  const names = (/** @type {number} */ agentId, /** @type {number} */ queueId) => {
    const queue = center.state.queues.get(queueId);
    return { name: agentName(agentId), queue: queue ? queueName(queue) : "" };
  };

  /** Resolves to whether it was done, and shows `words` then, if any.
   * @param {() => Promise<void>} action
   */
  async function done(action, words = "") {
    const ok = await attempt(action);
    if (ok && words) {
      showDone(words);
    }
    return ok;
  }

  return {
    /** Adds an agent to a queue.
     * @param {number} agentId
     * @param {number} queueId
     * @param {number} penalty
     */
    add(agentId, queueId, penalty) {
      const words = t("done.into", { ...names(agentId, queueId), penalty });
      return done(() => center.setAgentQueue({ agentId, queueId, penalty }), words);
    },
    /** Adds an agent that was dropped on a queue; a member keeps its penalty.
     * @param {number} agentId
     * @param {number} queueId
     */
    drop(agentId, queueId) {
      const penalty = center.state.agents.get(agentId)?.queues.get(queueId);
      if (penalty === undefined) {
        return this.add(agentId, queueId, 0);
      }
      showDone(t("done.already", { ...names(agentId, queueId), penalty }));
      return Promise.resolve(true);
    },
    /**
     * @param {number} agentId
     * @param {number} queueId
     * @param {number} penalty
     */
    setPenalty: (agentId, queueId, penalty) =>
      done(() => center.setAgentQueue({ agentId, queueId, penalty })),
    /**
     * @param {number} agentId
     * @param {number} queueId
     */
    remove(agentId, queueId) {
      const words = t("done.out-of", names(agentId, queueId));
      return done(() => center.removeAgentFromQueue({ agentId, queueId }), words);
    },
    /**
     * @param {number} agentId
     * @param {string} phoneNumber
     */
    logIn: (agentId, phoneNumber) => attempt(() => center.loginAgent({ agentId, phoneNumber })),
    /** @param {number} agentId */
    logOut: (agentId) => attempt(() => center.logoutAgent({ agentId })),
    /**
     * @param {number} agentId
     * @param {string} reason
     */
    pause: (agentId, reason) => attempt(() => center.pauseAgent({ agentId, reason })),
    /** @param {number} agentId */
    ready: (agentId) => attempt(() => center.unpauseAgent({ agentId })),
    /** @param {number} agentId */
    listen(agentId) {
      const name = agentName(agentId);
      return done(() => center.listenAgent({ agentId }), t("panel.listening", { name }));
    },
    /** @param {number} agentId */
    pauseRecording: (agentId) => attempt(() => center.monitorPause({ agentId })),
    /** @param {number} agentId */
    resumeRecording: (agentId) => attempt(() => center.monitorUnpause({ agentId })),
    /** Shows that listening began or ended.
     * @param {AgentListen} event
     */
    listened({ started, agentId }) {
      if (center.state.agents.has(agentId) && agentId !== center.state.user?.agentId) {
        showDone(t(started ? "panel.listen.began" : "panel.listen.ended", { name: agentName(agentId) }));
      }
    },
  };
}
