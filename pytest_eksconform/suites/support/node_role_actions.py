"""IAM actions that a node itself needs, as patterns."""

from __future__ import annotations

NODE_ACTIONS = (
    "cloudwatch:putmetricdata",
    "ec2:describe*",
    "ec2messages:*",
    "ecr:batchcheck*",
    "ecr:batchget*",
    "ecr:batchimportupstreamimage",
    "ecr:createrepository",  # pull-through cache
    "ecr:describe*",
    "ecr:get*",
    "ecr:list*",
    "eks-auth:assumeroleforpodidentity",
    "eks:describecluster",
    "logs:createlog*",
    "logs:describelog*",
    "logs:putlogevents",
    "logs:putretentionpolicy",
    "ssm:describeassociation",
    "ssm:getdeployablepatchsnapshotforinstance",
    "ssm:getdocument",
    "ssm:getmanifest",
    "ssm:list*associations",
    "ssm:put*",
    "ssm:update*",
    "ssmmessages:*",
    "sts:getcalleridentity",
    "xray:get*",
    "xray:put*",
)
"""Joining, pulling images, Session Manager, metrics, logs and traces."""
CNI_ACTIONS = (
    "ec2:assignipv6addresses",
    "ec2:assignprivateipaddresses",
    "ec2:attachnetworkinterface",
    "ec2:createnetworkinterface",
    "ec2:createtags",
    "ec2:deletenetworkinterface",
    "ec2:detachnetworkinterface",
    "ec2:modifynetworkinterfaceattribute",
    "ec2:unassignprivateipaddresses",
)
"""What the VPC CNI does where it runs as the node's role."""
