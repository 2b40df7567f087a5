// swift-tools-version: 6.3
import PackageDescription

/// The language rules of every target of ours; dependencies keep their own.
let house: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// For targets whose tests look inside: the release build, too, lets them, because it is the one that is tested. It keeps internal
/// names in the object files, and changes nothing of what the optimiser may do.
let houseTestable: [SwiftSetting] =
    house + [.unsafeFlags(["-enable-testing"], .when(configuration: .release))]

/// Tests are compiled quickly, whatever they test.
let houseOfTests: [SwiftSetting] = house + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

/// What is shipped needs no Swift on its machine. The compiler's own `--static-swift-stdlib` would hide the testing library, and the
/// tests would want a build of their own; so only the linker hears of it, with the libraries that the static Foundation consists of.
let withoutSwiftLibraries: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-stdlib", "-Xlinker", "--start-group"]
            + [
                "CoreFoundation", "_FoundationICU", "_FoundationCShims", "_FoundationCollections",
                "FoundationInternationalization", "FoundationEssentials", "swiftSynchronization", "stdc++",
            ].map { "-l\($0)" } + ["-Xlinker", "--end-group"],
        .when(configuration: .release))
]

let package = Package(
    name: "roost",
    products: [
        .executable(name: "roost", targets: ["RoostProgram"]),
        .executable(name: "roost-node", targets: ["RoostNode"]),
        .executable(name: "roost-agent", targets: ["RoostAgent"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // Its settings are ours: without its own way to read them, swift-configuration is not built.
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1",
            traits: ["FullFoundation"]),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .plugin(name: "EmbedFiles", capability: .buildTool(), dependencies: ["embed-files"]),
        .executableTarget(name: "embed-files", path: "Plugins/embed-files", swiftSettings: house),
        .target(name: "Wire", swiftSettings: house),
        .target(
            name: "Fleet",
            dependencies: ["Wire", .product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: houseTestable),
        // Requests and answers: of the server, the command line, and whatever else speaks with a server.
        .target(name: "API", dependencies: ["Fleet", "Wire"], swiftSettings: houseTestable),
        .systemLibrary(name: "CArgon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "CSodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLDAP", providers: [.apt(["libldap-dev"])]),
        .target(name: "Sealing", dependencies: ["CSodium", "Wire"], swiftSettings: house),
        .target(name: "CLinux"),
        .target(name: "Errors", dependencies: ["Linux"], swiftSettings: house),
        .target(name: "Linux", dependencies: ["CLinux", "Wire"], swiftSettings: house),
        .target(
            name: "HTTPClient",
            dependencies: [
                "Linux", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], swiftSettings: houseTestable),
        // Not in HTTPClient: the agent of a terminal server has no room for the whole of Foundation.
        .target(
            name: "NetworkErrors",
            dependencies: [
                "Errors", "HTTPClient", "Linux", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], swiftSettings: house),
        .target(
            name: "StoreSQLite",
            dependencies: ["Fleet", "Linux", "Sealing", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: houseTestable, plugins: ["EmbedFiles"]),
        .target(
            name: "Services", dependencies: ["CLinux", "COpenSSL", "Fleet", "Linux", "Sealing", "Wire"],
            swiftSettings: houseTestable),
        .target(
            name: "Images",
            dependencies: [
                "COpenSSL", "Errors", "Fleet", "Linux", "Sealing", "Wire",
            ],
            swiftSettings: houseTestable, plugins: ["EmbedFiles"]),
        .target(
            name: "Center",
            dependencies: [
                "API", "CArgon2", "CLDAP", "COpenSSL", "Fleet", "HTTPClient", "Linux", "NetworkErrors",
                "Sealing", "Wire",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ], swiftSettings: houseTestable, plugins: ["EmbedFiles"]),
        .target(
            name: "ConfigurationFile", dependencies: [.product(name: "Yams", package: "Yams")],
            swiftSettings: houseTestable),
        // What asks a server is compiled beside it, not behind it.
        .target(
            name: "Commands",
            dependencies: [
                "API", "ConfigurationFile", "Fleet", "HTTPClient", "Linux", "NetworkErrors", "Sealing",
                "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ], swiftSettings: houseTestable),
        .target(
            name: "RoostCommand",
            dependencies: [
                "API", "CLinux", "Center", "Commands", "ConfigurationFile", "Fleet", "HTTPClient", "Images",
                "Linux", "NetworkErrors", "Sealing", "Services", "StoreSQLite", "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ], swiftSettings: houseTestable),
        .executableTarget(
            name: "RoostProgram", dependencies: ["CLinux", "RoostCommand"], swiftSettings: house,
            linkerSettings: withoutSwiftLibraries),
        // In the initramfs there is no library at all, and room for nothing that is not needed.
        .target(name: "NodeWork", dependencies: ["Linux", "Sealing", "Wire"], swiftSettings: house),
        .executableTarget(
            name: "RoostNode", dependencies: ["Linux", "NodeWork", "Wire"], swiftSettings: house,
            linkerSettings: [
                .unsafeFlags(["-static-executable", "-Xlinker", "-s"], .when(configuration: .release))
            ]),
        // On terminal servers. It asks their own services for names of hosts and people, which a wholly static program cannot.
        .target(
            name: "AgentWork",
            dependencies: [
                "API", "CLinux", "COpenSSL", "Fleet", "HTTPClient", "Linux", "Sealing", "Wire",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], swiftSettings: houseTestable),
        .executableTarget(
            name: "RoostAgent", dependencies: ["AgentWork"], swiftSettings: house,
            linkerSettings: withoutSwiftLibraries),
        .executableTarget(
            name: "roost-planes",
            dependencies: [
                "API", "Center", "Fleet", "Linux", "Sealing", "Services", "StoreSQLite", "Wire",
            ],
            path: "Benchmarks/Planes",
            swiftSettings: house),
        .executableTarget(
            name: "roost-fuzz", dependencies: ["Fleet", "Linux", "Sealing", "Services", "Wire"], path: "Fuzz",
            swiftSettings: house),
        // Whole transfers over a link that loses much are simulated here: worth the optimiser's time.
        .testTarget(name: "WireTests", dependencies: ["Wire"], swiftSettings: house),
        .testTarget(
            name: "SealingTests", dependencies: ["Linux", "Sealing", "Wire"], swiftSettings: houseOfTests),
        .testTarget(name: "FleetTests", dependencies: ["Fleet", "Wire"], swiftSettings: houseOfTests),
        .testTarget(
            name: "NodeWorkTests", dependencies: ["Fleet", "Linux", "NodeWork", "Sealing", "Wire"],
            swiftSettings: houseOfTests),
        .testTarget(
            name: "AgentWorkTests", dependencies: ["API", "AgentWork", "Fleet", "Linux"],
            swiftSettings: houseOfTests),
        .testTarget(
            name: "ServicesTests", dependencies: ["Fleet", "Linux", "Sealing", "Services", "Wire"],
            swiftSettings: houseOfTests),
        .testTarget(
            name: "StoreTests",
            dependencies: [
                "Fleet", "Sealing", "StoreSQLite", "Wire", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: houseOfTests),
        .testTarget(
            name: "CenterTests",
            dependencies: [
                "API", "AgentWork", "Center", "Commands", "Fleet", "HTTPClient", "Linux", "NetworkErrors",
                "Sealing", "StoreSQLite", "Wire",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Yams", package: "Yams"),
            ], swiftSettings: houseOfTests),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: [
                "API", "Center", "Commands", "ConfigurationFile", "Fleet", "HTTPClient", "Linux",
                "RoostCommand", "Sealing",
                "Services", "StoreSQLite", "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: houseOfTests),
        .testTarget(
            name: "ImagesTests", dependencies: ["Errors", "Fleet", "Images", "Sealing"],
            swiftSettings: houseOfTests),
        .testTarget(name: "TidyTests", dependencies: ["Linux"], swiftSettings: houseOfTests),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "API", "AgentWork", "Fleet", "Linux", "Sealing", "Services", "StoreSQLite", "Wire",
            ],
            swiftSettings: houseOfTests),
    ],
    swiftLanguageModes: [.v6]
)
