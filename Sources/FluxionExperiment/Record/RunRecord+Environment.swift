extension RunRecord.Environment {
  /// The version of this package.
  public static let fluxionVersion = "0.1.0"

  /// What runs now.
  public static var current: Self {
    #if compiler(>=6.4)
    let swift = "6.4 or later"
    #elseif compiler(>=6.3)
    let swift = "6.3"
    #else
    let swift = "6.2"
    #endif
    #if os(Linux)
    let system = "Linux"
    #elseif os(macOS)
    let system = "macOS"
    #elseif os(iOS)
    let system = "iOS"
    #else
    let system = "another system"
    #endif
    #if arch(x86_64)
    let instructions = "x86-64"
    #elseif arch(arm64)
    let instructions = "arm64"
    #else
    let instructions = "another instruction set"
    #endif
    return Self(fluxionVersion: fluxionVersion, swiftVersion: swift, platform: "\(system), \(instructions)")
  }
}
