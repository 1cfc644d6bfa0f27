/** What the environment of the process says. */

/** The person behind sudo; undefined where there is none. */
export function sudoUser(): string | undefined {
  const { SUDO_USER: name } = process.env
  return name
}
