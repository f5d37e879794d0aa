/** How a command may fail: the server said no, or the line went before it could answer. */

/** @import { Problem } from "./types.js" */

/** The server said no. */
export class Refused extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** The line went before the answer came: whether the command was carried out is not known. */
export class Disconnected extends Error {}

/**
 * What a command's failure is for the person. Anything but a refusal or a lost line is a fault of the program.
 * @param {unknown} error
 * @returns {Problem}
 */
export function problemOf(error) {
  if (error instanceof Refused) return error.problem;
  if (error instanceof Disconnected) return { code: "offline", message: error.message, retry: true };
  throw error;
}

/** For what is a courtesy: refused or lost, nobody needs to hear of it. @param {Promise<unknown>} request */
export function quietly(request) {
  request.catch((error) => {
    if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
  });
}
