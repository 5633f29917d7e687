package io.skerry.edge.follow;

import io.skerry.shared.content.NodeReport;
import java.util.Map;

/// Says who the node is and what it does, around what it runs.
public interface Reporter {
    NodeReport report(Map<String, NodeReport.Applied> instances);
}
