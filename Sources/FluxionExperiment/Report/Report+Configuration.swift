extension Report {
  /// What was asked for.
  func configuration(into markup: inout Markup) {
    guard !Self.flattened(record.configuration, below: "").isEmpty else { return }
    section("configuration", "Configuration", into: &markup) { section in
      settings(record.configuration, into: &section)
    }
  }

  /// How to have the same run again.
  func reproduction(into markup: inout Markup) {
    section("reproduction", "The same run again", into: &markup) { section in
      if let command = record.command { self.command(command, into: &section) }
      section.element(
        "p", ["class": "about"],
        text: "The same seed gives the same model, bit for bit, with any number of threads on one instruction set.")
      facts(
        [
          Fact("Model SHA-256", record.modelSHA256, isCode: true), Fact("Seed", String(record.seed)),
          Fact("Fluxion", record.environment.fluxionVersion), Fact("Swift", record.environment.swiftVersion),
          Fact("Platform", record.environment.platform),
          Fact("Started", record.timing?.startedAt.replacing("T", with: " ").replacing("Z", with: " UTC")),
          Fact("Took, all in all", record.timing.map { Figures.seconds($0.totalSeconds) }),
        ], into: &section)
    }
  }
}
