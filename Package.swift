// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "autoheal-agent",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "autoheal-agent", targets: ["AutohealAgent"]),
        .executable(name: "autoheal-generate", targets: ["AutohealGenerate"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.10.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.90.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
        // The default trait of swift-subprocess imports Foundation, which costs the agent 6.6 MB.
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
    ],
    targets: [
        // Decides. Values only, no I/O. One house, Sources/AutohealCore; each room is a target, so that the build keeps the
        // order: what is wished, what is there, what follows, how it went, and whether it stays well.
        .target(
            name: "AutohealSpec",
            dependencies: [.product(name: "SystemPackage", package: "swift-system")],
            path: "Sources/AutohealCore/Spec"
        ),
        .target(
            name: "AutohealState",
            dependencies: ["AutohealSpec", .product(name: "SystemPackage", package: "swift-system")],
            path: "Sources/AutohealCore/State"
        ),
        .target(
            name: "AutohealPlan",
            dependencies: [
                "AutohealSpec", "AutohealState", .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/AutohealCore/Plan"
        ),
        .target(
            name: "AutohealRun",
            dependencies: [
                "AutohealPlan", "AutohealSpec", "AutohealState",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/AutohealCore/Run"
        ),
        .target(
            name: "AutohealHealth",
            dependencies: [
                "AutohealPlan", "AutohealSpec", "AutohealState",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/AutohealCore/Health"
        ),

        // The file that the agent reads and the generator writes.
        .target(
            name: "ConfigurationFile",
            dependencies: [
                "AutohealSpec", "CTOMLOutline", "NetworkAddress", "TOMLKit",
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        // Where things stand in a TOML text, by the header of TOMLKit's parser, which is among its sources.
        .target(name: "CTOMLOutline", dependencies: ["TOMLKit"]),

        // What listens and what is asked: addresses, never names.
        .target(name: "NetworkAddress"),

        // The flags that describe a volume, the same for both programs.
        .target(
            name: "SettingFlags",
            dependencies: [
                "AutohealSpec", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),

        // Wrappers: each knows its library and nothing of ours.
        .systemLibrary(name: "CBlkid", pkgConfig: "blkid", providers: [.apt(["libblkid-dev"])]),
        .systemLibrary(name: "CLibmount", pkgConfig: "mount", providers: [.apt(["libmount-dev"])]),
        .target(name: "CLinux"),
        // The static library, whatever else is there: no instance has to have OpenSSL.
        .target(name: "CDigest", linkerSettings: [.unsafeFlags(["-l:libcrypto.a"])]),
        .target(
            name: "Blkid",
            dependencies: ["CBlkid", .product(name: "SystemPackage", package: "swift-system")]
        ),
        .target(
            name: "Libmount",
            dependencies: ["CLibmount", .product(name: "SystemPackage", package: "swift-system")]
        ),
        .target(name: "EventLoopTasks", dependencies: [.product(name: "NIOCore", package: "swift-nio")]),
        .target(
            name: "InstanceMetadata",
            dependencies: [
                "EventLoopTasks", "NetworkAddress",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .target(
            name: "StructuredLogging",
            dependencies: [
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),

        // Does.
        .target(
            name: "AutohealHost",
            dependencies: [
                "AutohealHealth", "AutohealPlan", "AutohealRun", "AutohealSpec", "AutohealState", "Blkid", "CDigest",
                "CLinux", "Libmount",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        // Watches: what answers the network knows nothing of volumes.
        .target(
            name: "HealthServer",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .target(
            name: "HealthWatch",
            dependencies: [
                "AutohealHealth", "AutohealRun", "AutohealSpec", "AutohealHost", "ConfigurationFile", "HealthServer",
                "InstanceMetadata", "NetworkAddress",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .executableTarget(
            name: "AutohealAgent",
            dependencies: [
                "AutohealHealth", "AutohealPlan", "AutohealRun", "AutohealSpec", "AutohealState", "AutohealHost",
                "CLinux", "ConfigurationFile", "EventLoopTasks", "HealthServer", "HealthWatch",
                "InstanceMetadata", "Libmount", "NetworkAddress", "SettingFlags", "StructuredLogging",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),

        // Generates: what is around the agent. No C but TOMLKit's; builds on macOS too, and may use Foundation.
        .target(
            name: "CloudTemplates",
            dependencies: [
                "AutohealSpec", "ConfigurationFile", "NetworkAddress", "Yams",
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            exclude: ["Functions/scale_up.py"],
            resources: [
                .embedInCode("Examples/config.toml"),
                .embedInCode("Examples/postgresql.sh"),
                .embedInCode("Functions/common.py"),
                .embedInCode("Functions/device_attachment.py"),
                .embedInCode("Functions/device_attachment_inline.py"),
                .embedInCode("Functions/scale_up_inline.py"),
                .embedInCode("Functions/permissions.json"),
                .embedInCode("Templates/README.md.mustache"),
                .embedInCode("Templates/defaults.tftest.hcl.mustache"),
                .embedInCode("Templates/install.sh.mustache"),
                .embedInCode("Templates/main.tf.mustache"),
                .embedInCode("Templates/mocks.tfmock.hcl"),
                .embedInCode("Templates/outputs.tf.mustache"),
                .embedInCode("Templates/variables.tf.mustache"),
                .embedInCode("Templates/versions.tf.mustache"),
            ]
        ),
        .executableTarget(
            name: "AutohealGenerate",
            dependencies: [
                "AutohealSpec", "CloudTemplates", "ConfigurationFile", "SettingFlags",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),

        // Proves.
        .target(
            name: "TestSupport",
            dependencies: [
                "AutohealPlan", "AutohealRun", "AutohealSpec", "AutohealState", "CLinux",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TestSupport"
        ),
        .testTarget(
            name: "AutohealCoreTests",
            dependencies: [
                "AutohealHealth", "AutohealPlan", "AutohealRun", "AutohealSpec", "AutohealState", "TestSupport",
            ]
        ),
        .testTarget(
            name: "ConfigurationFileTests",
            dependencies: ["AutohealSpec", "ConfigurationFile", "NetworkAddress"]
        ),
        .testTarget(
            name: "CloudTemplatesTests",
            dependencies: ["CloudTemplates", "ConfigurationFile", "AutohealSpec", "Yams"]
        ),
        .testTarget(
            name: "AutohealGenerateTests",
            dependencies: [
                "AutohealGenerate", "AutohealSpec", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .testTarget(
            name: "HealthServerTests",
            dependencies: [
                "AutohealSpec", "HealthServer",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(name: "BlkidTests", dependencies: ["Blkid", "TestSupport"]),
        .testTarget(name: "LibmountTests", dependencies: ["Libmount", "TestSupport"]),
        .testTarget(
            name: "InstanceMetadataTests",
            dependencies: ["InstanceMetadata", "NetworkAddress", "TestSupport"]
        ),
        .testTarget(
            name: "StructuredLoggingTests",
            dependencies: ["AutohealSpec", "StructuredLogging", "TestSupport"]
        ),
        .testTarget(
            name: "AutohealHostTests",
            dependencies: [
                "AutohealHost", "AutohealPlan", "AutohealRun", "AutohealSpec", "AutohealState", "TestSupport",
            ]
        ),
        .testTarget(
            name: "AutohealAgentTests",
            dependencies: ["AutohealAgent", "AutohealPlan", "AutohealSpec", "ConfigurationFile", "TestSupport"]
        ),
    ]
)

for target in package.targets
where target.type != .system && !["CLinux", "CDigest", "CTOMLOutline"].contains(target.name) {
    target.swiftSettings = [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ]
}
