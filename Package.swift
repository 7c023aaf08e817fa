// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// The platforms where BLAS comes from OpenBLAS; Apple's platforms have it in Accelerate.
let openBLAS: TargetDependencyCondition? = .when(platforms: [.linux])

let package = Package(
  name: "Fluxion",
  platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .watchOS(.v11), .visionOS(.v2)],
  products: [
    .library(name: "Fluxion", targets: ["Fluxion"]),
    .library(name: "FluxionServer", targets: ["FluxionServer"]),
    // With what an app says of its data and of who it is.
    .library(
      name: "FluxionClient", targets: ["FluxionClient", "FluxionIdentity", "FluxionData", "FluxionCalculus"]),
    .library(name: "FluxionDashboard", targets: ["FluxionDashboard"]),
    .library(name: "FluxionFetching", targets: ["FluxionFetching"]),
    .library(name: "FluxionTesting", targets: ["FluxionTesting"]),
    .executable(name: "fluxion", targets: ["FluxionTool"]),
    .executable(name: "fluxion-local", targets: ["FluxionLocalTool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    // Without its default traits, which are configuration files that nothing here reads.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
  ],
  targets: [
    // System libraries and C.
    .systemLibrary(
      name: "CBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .yum(["openblas-devel"]), .brew(["openblas"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .yum(["zlib-devel"])]),
    .target(
      name: "CFluxionKernels",
      dependencies: [.target(name: "CBLAS", condition: openBLAS)],
      cSettings: [.define("NDEBUG")],
      linkerSettings: [
        .linkedLibrary("m", .when(platforms: [.linux])),
        .linkedFramework("Accelerate", .when(platforms: [.macOS, .iOS, .tvOS, .watchOS, .visionOS])),
      ]),

    // The house, from the ground up: imports point downward only.
    .target(name: "FluxionCalculus", dependencies: ["CFluxionKernels"]),
    .target(name: "FluxionLearning", dependencies: ["FluxionCalculus"]),
    .target(
      name: "FluxionData",
      dependencies: [
        "CFluxionKernels", "FluxionCalculus", "CZlib", .product(name: "Crypto", package: "swift-crypto"),
      ],
      exclude: ["Digits/README.md", "Digits/make_digits.py"],
      resources: [.embedInCode("Digits/digits.bin.gz")]),
    .target(
      name: "FluxionFederation", dependencies: ["CFluxionKernels", "FluxionCalculus", "FluxionLearning", "FluxionData"]),
    .target(
      name: "FluxionCoordination",
      dependencies: ["FluxionCalculus", "FluxionLearning", "FluxionFederation"]),
    .target(
      name: "FluxionInterop",
      dependencies: ["FluxionCalculus", "FluxionLearning", .product(name: "Crypto", package: "swift-crypto")]),
    .target(
      name: "FluxionIdentity",
      dependencies: [
        "FluxionCalculus", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "X509", package: "swift-certificates"), .product(name: "SwiftASN1", package: "swift-asn1"),
      ]),
    .target(
      name: "FluxionWire",
      dependencies: [
        "FluxionCalculus", "FluxionLearning", "FluxionData", "FluxionFederation",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
        .product(name: "NIOCore", package: "swift-nio"),
      ]),
    .target(
      name: "FluxionClient",
      dependencies: [
        "FluxionCalculus", "FluxionLearning", "FluxionData", "FluxionFederation", "FluxionWire", "FluxionIdentity",
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .target(
      name: "FluxionServer",
      dependencies: [
        "FluxionCalculus", "FluxionLearning", "FluxionData", "FluxionFederation", "FluxionCoordination", "FluxionWire",
        "FluxionIdentity",
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "X509", package: "swift-certificates"),
      ]),
    .target(
      name: "FluxionSimulation",
      dependencies: [
        "FluxionCalculus", "FluxionLearning", "FluxionData", "FluxionFederation", "FluxionCoordination",
      ]),
    .target(
      name: "FluxionStore",
      dependencies: [
        "FluxionCalculus", "FluxionCoordination", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .target(
      name: "FluxionExperiment",
      dependencies: [
        "FluxionCalculus", "FluxionLearning", "FluxionData", "FluxionFederation", "FluxionCoordination",
        "FluxionSimulation", "FluxionInterop", "FluxionStore", .product(name: "Yams", package: "Yams"),
      ]),
    .target(
      name: "FluxionDashboard",
      dependencies: [
        "FluxionCalculus", "FluxionLearning", "FluxionFederation", "FluxionCoordination", "FluxionInterop",
        "FluxionExperiment", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
      ],
      resources: [
        .embedInCode("Assets/dashboard.css"), .embedInCode("Assets/dashboard.js"),
        .embedInCode("Assets/sign-in.js"), .embedInCode("Assets/icon.svg"),
      ]),
    .target(
      name: "Fluxion",
      dependencies: [
        "FluxionCalculus", "FluxionLearning", "FluxionData", "FluxionFederation", "FluxionCoordination",
        "FluxionInterop", "FluxionSimulation", "FluxionStore", "FluxionExperiment",
      ]),
    // Beside the umbrella: what it builds with takes minutes, and most users have their data.
    .target(
      name: "FluxionFetching",
      dependencies: [
        "FluxionCalculus", "FluxionData", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
      ]),
    .target(name: "FluxionTesting", dependencies: ["FluxionCalculus"]),
    .target(
      name: "FluxionCommand",
      dependencies: [
        "Fluxion", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // The tool, and the tool without the network, whose libraries take most of the time of a first build.
    .executableTarget(
      name: "FluxionTool",
      dependencies: [
        "FluxionCommand", "Fluxion", "FluxionIdentity", "FluxionWire", "FluxionServer", "FluxionClient",
        "FluxionDashboard", "FluxionFetching",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "FluxionLocalTool",
      dependencies: ["FluxionCommand", .product(name: "ArgumentParser", package: "swift-argument-parser")]),

    // How long rounds over a network take; here and not in the package of the benchmarks, because it speaks the protocol.
    .executableTarget(
      name: "FluxionFederationBenchmark",
      dependencies: [
        "FluxionServer", "FluxionClient", "FluxionWire", "FluxionIdentity", "FluxionStore", "FluxionCoordination",
        "FluxionFederation", "FluxionLearning", "FluxionCalculus",
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"), .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
      ],
      path: "Benchmarks/Federation"),

    // What an app does that takes part; here so that it is compiled with everything else.
    .executableTarget(
      name: "HospitalApp", dependencies: ["FluxionClient", "FluxionIdentity", "FluxionData", "FluxionCalculus"],
      path: "Examples/HospitalApp", exclude: ["README.md"]),

    // Tests mirror Sources.
    .testTarget(name: "CFluxionKernelsTests", dependencies: ["CFluxionKernels", "FluxionCalculus"]),
    .testTarget(name: "FluxionCalculusTests", dependencies: ["FluxionCalculus", "FluxionTesting"]),
    .testTarget(
      name: "FluxionLearningTests", dependencies: ["FluxionLearning", "FluxionTesting", "FluxionCalculus"]),
    .testTarget(
      name: "FluxionFederationTests",
      dependencies: ["FluxionFederation", "FluxionTesting", "FluxionLearning", "FluxionData", "FluxionCalculus"]),
    .testTarget(
      name: "FluxionCoordinationTests",
      dependencies: ["FluxionCoordination", "FluxionFederation", "FluxionLearning", "FluxionCalculus"]),
    .testTarget(
      name: "FluxionSimulationTests",
      dependencies: [
        "FluxionSimulation", "FluxionCoordination", "FluxionFederation", "FluxionData", "FluxionLearning",
        "FluxionCalculus",
      ]),
    .testTarget(
      name: "FluxionIdentityTests",
      dependencies: [
        "FluxionIdentity", "FluxionCalculus", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "X509", package: "swift-certificates"), .product(name: "SwiftASN1", package: "swift-asn1"),
      ]),
    .testTarget(
      name: "FluxionWireTests",
      dependencies: [
        "FluxionWire", "FluxionFederation", "FluxionData", "FluxionLearning", "FluxionCalculus",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .testTarget(
      name: "FluxionServerTests",
      dependencies: [
        "FluxionServer", "FluxionClient", "FluxionWire", "FluxionIdentity", "FluxionSimulation", "FluxionCoordination",
        "FluxionFederation", "FluxionData", "FluxionLearning", "FluxionCalculus", "FluxionTool",
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOPosix", package: "swift-nio"), .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .testTarget(
      name: "FluxionToolTests",
      dependencies: [
        "FluxionTool", "FluxionDashboard", "FluxionIdentity", "FluxionServer", "FluxionStore", "Fluxion",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "FluxionClientTests",
      dependencies: [
        "FluxionClient", "FluxionWire", "FluxionFederation", "FluxionData", "FluxionLearning", "FluxionCalculus",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .testTarget(
      name: "FluxionStoreTests",
      dependencies: [
        "FluxionStore", "FluxionSimulation", "FluxionCoordination", "FluxionFederation", "FluxionData",
        "FluxionLearning", "FluxionCalculus",
      ]),
    .testTarget(
      name: "FluxionDataTests",
      dependencies: [
        "FluxionData", "FluxionCalculus", "CZlib", .product(name: "Crypto", package: "swift-crypto"),
      ],
      exclude: ["Preparation/standardization_golden.py"]),
    .testTarget(
      name: "FluxionFetchingTests",
      dependencies: [
        "FluxionFetching", "FluxionData", "FluxionCalculus", .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .testTarget(
      name: "FluxionInteropTests", dependencies: ["FluxionInterop", "FluxionCalculus", "FluxionLearning"],
      exclude: ["Goldens"]),
    .testTarget(
      name: "FluxionExperimentTests",
      dependencies: [
        "FluxionExperiment", "FluxionSimulation", "FluxionCoordination", "FluxionFederation", "FluxionData",
        "FluxionLearning", "FluxionCalculus",
      ]),
    .testTarget(
      name: "FluxionDashboardTests",
      dependencies: [
        "FluxionDashboard", "FluxionCoordination", "FluxionFederation", "FluxionInterop", "FluxionLearning",
        "FluxionCalculus", "FluxionExperiment", .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
      ]),
    // A run that is played on the page, for a browser to look at: Tests/Browser.
    .executableTarget(
      name: "PlayedRun",
      dependencies: [
        "FluxionDashboard", "FluxionCoordination", "FluxionFederation", "FluxionLearning", "FluxionCalculus",
      ], path: "Tests/PlayedRun"),
    .testTarget(name: "FluxionTests", dependencies: ["Fluxion"]),
    .testTarget(name: "FluxionCommandTests", dependencies: ["FluxionTool", "FluxionLocalTool", "Fluxion"]),
  ]
)

// The reference is built by a plugin that nobody else needs to fetch: `make docs`.
if Context.environment["FLUXION_DOCS"] != nil {
  package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}

// Bytes from outside: a suite of tests, or the same for libFuzzer, which brings a main function of its own: Scripts/fuzz.
let fuzzed: [Target.Dependency] = [
  "FluxionServer", "FluxionClient", "FluxionWire", "FluxionIdentity", "FluxionCoordination", "FluxionFederation",
  "FluxionData", "FluxionLearning", "FluxionCalculus", .product(name: "Crypto", package: "swift-crypto"),
  .product(name: "GRPCCore", package: "grpc-swift-2"), .product(name: "SwiftProtobuf", package: "swift-protobuf"),
]
package.targets.append(
  Context.environment["FLUXION_FUZZ"] == nil
    ? .testTarget(
      name: "FluxionFuzzTests", dependencies: fuzzed, path: "Tests/Fuzz", exclude: ["FuzzTarget.swift"])
    : .executableTarget(
      name: "FluxionFuzz", dependencies: fuzzed, path: "Tests/Fuzz", exclude: ["SurfaceTests.swift"]))

for target in package.targets where target.type == .regular || target.type == .executable || target.type == .test {
  target.swiftSettings = (target.swiftSettings ?? []) + settings
}
