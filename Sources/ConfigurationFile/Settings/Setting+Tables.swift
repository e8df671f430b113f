package import AutohealSpec

extension VolumeSettings: SettingTable {
    package static func setting(_ key: CodingKeys) -> Setting<Self> {
        switch key {
        case .device: .text(\.device, example: "/dev/sdf")
        case .mountPoint: .text(\.mountPoint, example: "/data")
        case .tries: .integer(\.tries, example: "6")
        case .interval: .number(\.interval, example: "10")
        case .volumeID: .text(\.volumeID, example: "vol-0123456789abcdef0")
        case .filesystem: .text(\.filesystem, example: "ext4")
        case .label: .text(\.label, example: "data")
        case .options: .text(\.options, example: "noatime,nodev")
        case .format: .text(\.format, example: "if-blank")
        case .owner: .text(\.owner, example: "postgres:postgres")
        case .mode: .text(\.mode, example: "0750")
        case .grow: .truth(\.grow)
        case .check: .truth(\.check)
        case .mkfsOptions: .words(\.mkfsOptions, example: "-m 0 -O quota")
        }
    }
}

extension AgentSettings: SettingTable {
    package static func setting(_ key: CodingKeys) -> Setting<Self> {
        switch key {
        case .logFormat: .text(\.logFormat, example: "auto")
        case .logLevel: .text(\.logLevel, example: "info")
        case .logConsole: .truth(\.logConsole)
        case .metadataEndpoint: .text(\.metadataEndpoint, example: "http://127.0.0.1:1338")
        case .metadataEndpointMode: .text(\.metadataEndpointMode, example: "IPv4")
        case .metadataDisabled: .truth(\.metadataDisabled)
        }
    }
}

extension HealthSettings: SettingTable {
    package static func setting(_ key: CodingKeys) -> Setting<Self> {
        switch key {
        case .listen: .text(\.listen, example: "0.0.0.0:9465")
        case .interval: .number(\.interval, example: "10")
        case .startLimit: .number(\.startLimit, example: "3600")
        case .freePercent: .integer(\.freePercent, example: "5")
        case .requireServices: .words(\.requireServices, example: "postgresql@15-main.service")
        case .requireURL: .text(\.requireURL, example: "http://127.0.0.1:8080/ready")
        }
    }
}

extension HandOverSettings: SettingTable {
    package static func setting(_ key: CodingKeys) -> Setting<Self> {
        switch key {
        case .on: .words(\.on, example: "terminate")
        case .wait: .number(\.wait, example: "60")
        }
    }
}
