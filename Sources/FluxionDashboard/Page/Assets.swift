import FluxionExperiment

/// The files of the page, which are compiled in: where the tool is installed does not matter.
enum Assets {
  static let styleSheet = StatusPage.styleSheet + text(PackageResources.dashboard_css)
  static let script = text(PackageResources.dashboard_js)
  static let signInScript = text(PackageResources.sign_in_js)
  static let icon = text(PackageResources.icon_svg)

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
