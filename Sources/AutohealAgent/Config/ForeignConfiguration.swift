import AutohealHost
import ConfigurationFile

/// A configuration file that this instance does not use, because it names one, and not this.
struct ForeignConfiguration {
    /// The instance that the file names.
    let wanted: String
    /// Nil if nothing tells which one this is.
    let present: String?

    /// Nil for a file that names no instance, or this one.
    init?(_ configuration: ConfigurationFile, present: String? = CurrentInstance().id) {
        guard let wanted = configuration.instanceID, wanted != present else { return nil }
        self.wanted = wanted
        self.present = present
    }

    /// In complete sentences, with what can be done.
    var warning: String {
        let finding = present.map { "and this is \($0)" } ?? "and nothing tells which one this is"
        return """
            it is meant for one instance, \(wanted), \(finding): a start of the unit, at the next boot too, is skipped. \
            Should it act here, 'autoheal-agent config adopt' makes it this one's.
            """
    }
}
