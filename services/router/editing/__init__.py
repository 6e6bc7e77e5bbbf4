"""What a manager is helped with while editing a policy: warnings that think, and what a change means for whom."""
