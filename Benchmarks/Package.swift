// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that users of Fluxion never resolve what only benchmarks need.
let package = Package(
  name: "FluxionBenchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Fluxion", path: "..")],
  targets: [
    .target(name: "CBenchmark"),
    .executableTarget(
      name: "FluxionBenchmark",
      dependencies: [
        "CBenchmark",
        .product(name: "Fluxion", package: "Fluxion"),
      ],
      swiftSettings: [.treatAllWarnings(as: .error)]),
  ]
)
