package import AutohealSpec
import NetworkAddress

extension HealthSettings {
    /// Every value that cannot be.
    package var errors: [ConfigurationError] {
        [
            listen.flatMap(Self.listenError),
            Self.error("interval", interval, allowed: Self.intervals),
            Self.error("start-limit", startLimit, allowed: Self.startLimits),
            freePercent.flatMap(Self.percentError),
            requireURL.flatMap(Self.urlError),
        ].compactMap(\.self) + (requireServices ?? []).compactMap(Self.serviceError)
    }

    package static func listenError(_ text: String) -> ConfigurationError? {
        guard ListenAddress(text) == nil else { return nil }
        return ConfigurationError(
            key: "listen",
            found: text,
            problem: "is not an address and a port, such as 0.0.0.0:9465 or [::]:9465"
        )
    }

    package static func urlError(_ text: String) -> ConfigurationError? {
        guard (try? HTTPTarget(text)) == nil else { return nil }
        return ConfigurationError(
            key: "require-url",
            found: text,
            problem: "is not http://ADDRESS[:PORT]/PATH, such as http://127.0.0.1:8080/ready"
        )
    }

    /// Also for templates' instances: what systemd.unit(5) allows in a name, and a type at its end.
    package static func serviceError(_ name: String) -> ConfigurationError? {
        let types = [".service", ".target", ".socket", ".mount"]
        let isName =
            name.utf8.count < 256 && !name.hasPrefix("-") && !name.hasPrefix(".")
            && name.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                        || ":-_.\\@".unicodeScalars.contains(scalar))
            }
        guard !isName || !types.contains(where: name.hasSuffix) else { return nil }
        return ConfigurationError(
            key: "require-services",
            found: name,
            problem: "is not the name of a unit, such as postgresql@15-main.service"
        )
    }

    private static func percentError(_ found: Int) -> ConfigurationError? {
        guard !(0...50).contains(found) else { return nil }
        return ConfigurationError(key: "free-percent", found: "\(found)", problem: "must be from 0 to 50")
    }

    package static func error(
        _ key: String,
        _ found: Double?,
        allowed: ClosedRange<Double>
    ) -> ConfigurationError? {
        guard let found, !allowed.contains(found) else { return nil }
        let range = "from \(short(allowed.lowerBound)) to \(short(allowed.upperBound)) seconds"
        return ConfigurationError(key: key, found: short(found), problem: "must be \(range)")
    }

    private static func short(_ number: Double) -> String { Int(exactly: number).map { "\($0)" } ?? "\(number)" }
}
