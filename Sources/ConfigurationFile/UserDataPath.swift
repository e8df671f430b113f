/// Where the user data that autoheal-generate writes leaves what belongs to one instance.
package enum UserDataPath {
    package static let powerOffOnFailure =
        "/etc/systemd/system/autoheal-agent.service.d/10-power-off-on-failure.conf"
    /// The script that installs the package and starts the agent.
    package static let script = "/usr/local/sbin/autoheal-install"
    /// The unit that goes on with the script if the first boot was interrupted.
    package static let unit = "/etc/systemd/system/autoheal-install.service"
    package static let unitIsWanted = "/etc/systemd/system/multi-user.target.wants/autoheal-install.service"

    package static let ofOneInstance = [
        ConfigurationFile.standardPath, powerOffOnFailure, unitIsWanted, unit, script,
    ]
}
