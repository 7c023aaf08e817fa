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
    .library(name: "FluxionTesting", targets: ["FluxionTesting"]),
    .executable(name: "fluxion", targets: ["FluxionCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
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
      name: "Fluxion",
      dependencies: [
        "FluxionCalculus", "FluxionLearning", "FluxionData", "FluxionFederation", "FluxionCoordination",
        "FluxionInterop", "FluxionSimulation", "FluxionStore", "FluxionExperiment",
      ]),
    .target(name: "FluxionTesting", dependencies: ["FluxionCalculus"]),
    .executableTarget(
      name: "FluxionCommand",
      dependencies: [
        "Fluxion", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

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
      name: "FluxionInteropTests", dependencies: ["FluxionInterop", "FluxionCalculus", "FluxionLearning"],
      exclude: ["Goldens"]),
    .testTarget(
      name: "FluxionExperimentTests",
      dependencies: [
        "FluxionExperiment", "FluxionCoordination", "FluxionFederation", "FluxionData", "FluxionLearning",
        "FluxionCalculus",
      ]),
    .testTarget(name: "FluxionTests", dependencies: ["Fluxion"]),
    .testTarget(name: "FluxionCommandTests", dependencies: ["FluxionCommand", "Fluxion"]),
  ]
)

// The reference is built by a plugin that nobody else needs to fetch: `make docs`.
if Context.environment["FLUXION_DOCS"] != nil {
  package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}

for target in package.targets where target.type == .regular || target.type == .executable || target.type == .test {
  target.swiftSettings = (target.swiftSettings ?? []) + settings
}
