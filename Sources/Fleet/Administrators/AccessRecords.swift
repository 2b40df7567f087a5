/// What the configuration says of access: who may use the control center, and which programs, and what it tells others.
package struct AccessRecords: Equatable, Sendable {
    /// By name.
    package var administrators: [String: Administrator] = [:]
    /// By number.
    package var tokens: [Int: APIToken] = [:]
    /// By number.
    package var boardLinks: [Int: BoardLink] = [:]
    /// By number.
    package var webHooks: [Int: WebHook.Record] = [:]
    /// By name.
    package var namedHooks: [HookName: NamedHook] = [:]

    package init() {}

    /// The number of the next token.
    package var nextToken: Int { (tokens.keys.max() ?? 0) + 1 }
    /// The number of the next web hook.
    package var nextWebHook: Int { (webHooks.keys.max() ?? 0) + 1 }
    /// The number of the next link of a wall board.
    package var nextBoardLink: Int { (boardLinks.keys.max() ?? 0) + 1 }
}
