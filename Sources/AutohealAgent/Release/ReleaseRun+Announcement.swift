import AutohealHost
import AutohealRun
import Logging
import StructuredLogging
import SystemPackage

extension ReleaseRun {
    /// Says it on the console at once, since the machine may be about to go, and has it said again while there is time.
    func announce() async {
        let unit = AgentUnit(runtimeDirectory)
        guard unit.isOurs else { return }
        let boot = BootID.current()
        let survey = await OutcomeSurvey(configurationFile, in: runtimeDirectory, boot: boot, environment: [:])
        guard case .final(let ending) = survey.verdict, ending.result == .released else { return }
        do throws(ConsoleOutcome.Missing) {
            let outcome = try ConsoleOutcome(
                instance: tags.instance,
                boot: boot,
                volumes: survey.volumes,
                ending: ending
            )
            do throws(Errno) { try outcome.write(to: LoggingConfiguration.console) } catch {
                logger.warning("\(LoggingConfiguration.console) took no line: \(error)")
            }
        } catch {
            logger.warning("Nothing is written on the console for who waits for the volumes: \(error.words)")
        }
        await unit.announce()
    }
}
