import Wire

/// One figure by which the servers of a pool are compared, as LTSP-Cluster's load balancer did it: the more of its capacity is free, the
/// more log-ins the server gets.
package struct LoadVariable: Equatable, Sendable, Codable {
    package var figure: LoadFigure
    /// The figure at which nothing is free.
    package var capacity: LoadExpression
    /// A server whose figure is above it takes no log-ins; nil: there is no such figure.
    package var critical: LoadExpression?
    /// How much it counts compared with the other variables.
    package var weight: Int

    package static let (countLimit, weights) = (16, 1...1_000_000)

    package init(
        _ figure: LoadFigure, weight: Int, capacity: LoadExpression, critical: LoadExpression? = nil
    ) {
        self.figure = figure
        self.weight = weight
        self.capacity = capacity
        self.critical = critical
    }

    /// Throws what is wrong with a rule of these variables.
    static func check(_ rule: [Self]) throws {
        guard (1...countLimit).contains(rule.count) else {
            throw InvalidSetting("rule: 1 to \(countLimit) variables")
        }
        guard Set(rule.map(\.figure)).count == rule.count else {
            throw InvalidSetting("rule: each figure once")
        }
        if let wrong = rule.first(where: { !weights.contains($0.weight) }) {
            throw InvalidSetting("rule: weight \(wrong.weight) is not 1 to 1000000")
        }
    }
}

extension LoadVariable {
    /// All members are asked for before one is missed, so that files find out which there are.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let figure = try fields.decodeIfPresent(LoadFigure.self, forKey: .figure)
        let capacity = try fields.decodeIfPresent(LoadExpression.self, forKey: .capacity)
        critical = try fields.decodeIfPresent(LoadExpression.self, forKey: .critical)
        weight = try fields.decodeIfPresent(Int.self, forKey: .weight) ?? 1
        guard let figure, let capacity else {
            throw DecodingError.unreadable(
                "a variable of a rule needs a figure and a capacity", at: decoder.codingPath)
        }
        (self.figure, self.capacity) = (figure, capacity)
    }
}

/// What a rule makes of one server.
struct LoadJudgement: Equatable {
    /// The share of its capacity that it uses, of all variables by their weight: 1 and more when nothing is free.
    var share: Double
    /// A figure that is above its critical value.
    var critical: LoadFigure?

    /// - Parameter figures: as they will be with one more log-in.
    init(_ rule: [LoadVariable], _ figures: (LoadFigure) -> Double) {
        var (free, whole, used) = (0.0, 0.0, 0.0)
        for variable in rule {
            let (value, weight) = (figures(variable.figure), Double(variable.weight))
            let capacity = variable.capacity.value(figures)
            if critical == nil, let limit = variable.critical?.value(figures), value > limit {
                critical = variable.figure
            }
            // What has no capacity, or none that is a number, has nothing free.
            let use = capacity > 0 ? min(value / capacity, Self.useLimit) : 1
            let known = use.isNaN ? 1 : use
            whole += weight
            used += weight * known
            free += weight * max(0, 1 - known)
        }
        // Where nothing is free, it still counts how much is missing.
        share = free > 0 ? 1 - free / whole : whole > 0 ? used / whole : 1
    }

    /// So that a capacity near zero does not make all others count for nothing.
    private static let useLimit = 1_000.0
}
