/// The version of both programs, as `--version` and the package show it.
package let agentVersion = "0.1.0"
