"""Mutation testing of generated rules: does a test notice each way a rule can go wrong?"""
