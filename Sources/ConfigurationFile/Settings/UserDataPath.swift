/// Where the user data that autoheal-generate writes leaves what belongs to one instance, beside the configuration.
package enum UserDataPath {
    package static let powerOffOnFailure =
        "/etc/systemd/system/autoheal-agent.service.d/10-power-off-on-failure.conf"
    /// What that asks for, as the package brings it: on all systems that have it, /lib leads to /usr/lib or has the units.
    package static let powerOffUnit = "/lib/systemd/system/autoheal-power-off.service"
    /// The script that installs the package and starts the agent.
    package static let script = "/usr/local/sbin/autoheal-install"
    /// The unit that goes on with the script at the next boot, and the one that takes both away once the volume is mounted.
    package static let unit = "/etc/systemd/system/autoheal-install.service"
    package static let unitIsWanted = "/etc/systemd/system/multi-user.target.wants/autoheal-install.service"
    package static let done = "/etc/systemd/system/autoheal-installed.service"
    package static let doneIsWanted = "/etc/systemd/system/autoheal-data.target.wants/autoheal-installed.service"

    package static let ofOneInstance = [powerOffOnFailure, unitIsWanted, unit, doneIsWanted, done, script]
    /// What user data leaves of a file that it was just about to replace.
    package static let unfinished = [ConfigurationFile.standardPath, powerOffOnFailure, script].map { "\($0).new" }
}
