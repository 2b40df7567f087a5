/// What the configuration says of access: who may use the control center, and which programs.
package struct AccessRecords: Equatable, Sendable {
    /// By name.
    package var administrators: [String: Administrator] = [:]
    /// By number.
    package var tokens: [Int: APIToken] = [:]

    package init() {}

    /// The number of the next token.
    package var nextToken: Int { (tokens.keys.max() ?? 0) + 1 }
}
